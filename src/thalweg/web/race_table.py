"""A race in tables and lists: the final, the pairs, the targets, the audits."""

from __future__ import annotations

import re
from statistics import fmean

from thalweg.race.result import Arrival, Audit, Entrant, Pair, Result
from thalweg.train import number
from thalweg.web import roster
from thalweg.web import span as words
from thalweg.web.colour import Ink
from thalweg.web.page import Cell, Markup, chip, element, escape, table
from thalweg.web.roster import Seat
from thalweg.web.span import HARD, known, shown

STATES = {False: ("✗", "fails"), None: ("?", "unknown"), True: ("✓", "passes")}
"""A sign and a word for each outcome of an audit: nothing hangs on a colour. Worst first."""


def final(result: Result, seats: list[Seat]) -> Markup:
    """One row for each method: what it reached, what it took, what was chosen."""
    name = result.metric
    decimals = words.places(name, [span for e, _ in seats for span in (e.test, e.score)])
    standing = roster.standing(result)
    head = [
        "method",
        f"test {name}",
        f"validation {name}",
        "generalisation gap",
        "training time",
        "optimizer state",
        "spent in all",
    ]
    rows = []
    for entrant, ink in seats:
        test, score, charge = entrant.test, entrant.score, entrant.charge
        said = standing.get(entrant.key, "")
        reached = two(words.value(name, test.value, decimals), words.interval(name, test, decimals))
        rows.append(
            [
                two(named(entrant, ink, said), roster.settings(entrant)),
                Cell(reached, "best" if said == "best" else ""),
                two(
                    words.value(name, score.value, decimals), words.interval(name, score, decimals)
                ),
                shown(entrant.gap.value, lambda v: number.gap(name, v)),
                two(
                    shown(entrant.seconds_per_step * entrant.steps, number.seconds),
                    f"{shown(entrant.seconds_per_step, number.seconds)} a step",
                ),
                number.size(entrant.state_bytes),
                two(
                    f"{number.count(charge.runs)} run{'' if charge.runs == 1 else 's'}",
                    f"{words.large(charge.gradient_evaluations)} gradients",
                ),
            ]
        )
    return table(head, rows, cards=True)


def duels(result: Result, seats: list[Seat], pairs: list[Pair]) -> Markup:
    """One row for every two: the difference, how sure it is, and the verdict in words."""
    found = {entrant.key: (entrant, ink) for entrant, ink in seats}
    unit = "points" if result.metric in number.FRACTIONS else ""
    decimals = words.places(result.metric, [pair.difference for pair in pairs])
    head = ["pair", "difference", "P(first is better)", "p, after Holm", "verdict"]
    rows = []
    for pair in pairs:
        first, second = found[pair.a], found[pair.b]
        difference = words.signed(result.metric, pair.difference.value, decimals)
        middle = words.signed(result.metric, pair.median.value, decimals)
        under = words.interval(result.metric, pair.difference, decimals)
        both = Markup(f"{named(*first)} {element('span', 'against', 'light')} {named(*second)}")
        rows.append(
            [
                Markup(f'<span class="duel">{both}</span>'),
                two(
                    f"{difference} {unit}".strip(),
                    f"{under}, median{HARD}{middle}" if under else "",
                ),
                two(words.share(pair.better.value), _chances(pair)),
                words.chance(pair.p_holm),
                Cell(two(_verdict(pair, first, second), prose(_reason(pair))), "words"),
            ]
        )
    return table(head, rows, cards=True)


def again(result: Result, seats: list[Seat]) -> Markup:
    """The best points run again: the lucky one of the search, and the one that stays good."""
    rows = []
    for entrant, ink in seats:
        for one in entrant.candidates:
            chosen = "chosen" if one.hypers == entrant.chosen else ""
            trial = next((t.score for t in entrant.trials if t.point == one.point), None)
            rows.append(
                [
                    two(named(entrant, ink, chosen), f"point {one.point}"),
                    shown(trial, lambda v: number.metric(result.metric, v)),
                    number.metric(result.metric, fmean(one.scores)),
                    ", ".join(number.metric(result.metric, score) for score in one.scores),
                ]
            )
    name = f"validation {result.metric}"
    head = ["method", f"{name} in the search", "mean on fresh seeds", "each"]
    return table(head, rows, cards=True)


def _chances(pair: Pair) -> str:
    low, high = pair.better.low, pair.better.high
    there = known(low) and known(high)
    return f"{100 * low:.0f}{HARD}to{HARD}{100 * high:.0f}" if there else ""


def _reason(pair: Pair) -> str:
    """Why, and of a tie how many seeds would settle it."""
    if pair.verdict != "tie":
        return pair.reason
    if pair.seeds_needed is None:
        return f"{pair.reason} No number of seeds would settle it."
    return f"{pair.reason} About {number.count(pair.seeds_needed)} seeds would settle it."


def _verdict(pair: Pair, first: Seat, second: Seat) -> Markup:
    if pair.verdict == "tie":
        return element("strong", "Tie")
    if pair.verdict == "withheld":
        return element("strong", "No verdict")
    better = first if pair.verdict == "a" else second
    return element("strong", f"{better[0].label} is better")


def arrivals(result: Result, seats: list[Seat]) -> Markup:
    """When each reached each target; `>` where some runs never did."""
    goals = sorted(
        {a.target for e, _ in seats for a in e.arrivals if known(a.target)},
        reverse=not result.higher,
    )
    rows = []
    for entrant, ink in seats:
        reached = {a.target: a for a in entrant.arrivals}
        cells = [_arrival(reached[goal]) if goal in reached else number.MISSING for goal in goals]
        rows.append([named(entrant, ink), *cells])
    head = [f"validation {result.metric}", *(_goal(result.metric, g) for g in goals)]
    return table(head, rows, cards=True)


def _goal(name: str, target: float) -> str:
    return f"{100 * target:.4g}{HARD}%" if name in number.FRACTIONS else number.plain(target)


def _arrival(arrival: Arrival) -> Markup:
    late = "" if arrival.share >= 1 else f">{HARD}"
    under = f"{late}{shown(arrival.epochs, lambda v: f'{v:.1f}')} epochs"
    if arrival.share < 1:
        under = "none arrived" if arrival.share <= 0 else f"{words.share(arrival.share)} arrived"
    return two(f"{late}{shown(arrival.seconds, number.seconds)}", under)


def ordered(audits: list[Audit]) -> list[Audit]:
    """What fails first, then what is unknown, then what passes."""
    order = list(STATES)
    return sorted(audits, key=lambda audit: order.index(audit.passed))


def checks(result: Result, seats: list[Seat]) -> Markup:
    """The audits as a list, each with a sign, a word, what was found and what to do."""
    found = {entrant.key: (entrant, ink) for entrant, ink in seats}
    items = []
    for audit in ordered(result.audits):
        sign, word = STATES[audit.passed]
        who = "".join(
            element("span", named(*found[key]), "who") for key in audit.entrants if key in found
        )
        title = element("strong", f"{audit.code} {audit.name}") + element("span", word, "state")
        todo = element("p", prose(f"What to do: {audit.todo}"), "todo") if audit.todo else ""
        items.append(
            f'<li class="{word}"><span class="sign" aria-hidden="true">{sign}</span>'
            f"<div><p>{title}{who}</p>{element('p', prose(audit.said))}{todo}</div></li>"
        )
    return Markup(f'<ul class="audits">{"".join(items)}</ul>')


def named(entrant: Entrant, ink: Ink, said: str = "") -> Markup:
    """A method's name with its colour, and what it is said to be."""
    badge = element("span", said, "badge") if said else ""
    return Markup(f'<span class="named">{chip(ink)}{escape(entrant.label)}{badge}</span>')


def prose(said: str) -> Markup:
    """A sentence; what stands between backticks is code.

    >>> prose("set `a<b`")
    'set <code>a&lt;b</code>'
    """
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(said))
    return Markup(re.sub(r"(\d) %", rf"\1{HARD}%", marked))


def two(main: str, under: str) -> Markup:
    """Two lines of a cell: the figure, and what is to be known about it."""
    below = element("span", under, "under") if under else ""
    return Markup(f"{escape(main)}{below}")
