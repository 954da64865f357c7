"""Audits: what would make a verdict wrong however clear the figures are, and what to do about it.

A1 to A3 and A7 look at searches, A4 to A6 (`ending.py`) at how the final runs went.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np

from thalweg.race import figure
from thalweg.race.comparison import compare_all
from thalweg.race.ending import Records, late_noise, overfitting, still_improving
from thalweg.race.inclusion import includes
from thalweg.race.result import Audit, Axis, Entrant, Pair, Trial

EDGE = 0.05  # of a range's length, in factors: closer to its end, the best may lie beyond
INFEASIBLE = 0.5  # of the points; more, and the search was spent on finding where one can't train


@dataclass(frozen=True)
class Edge:
    """An end of a range at which the best point lies.

    Attributes:
        entrant: its key.
        axis: the axis' name.
        side: of its range.
    """

    entrant: str
    axis: str
    side: Literal["low", "high"]


def audits(entrants: Sequence[Entrant], records: Records, metric: str, higher: bool) -> list[Audit]:
    """All seven.

    Args:
        entrants: all of them, with their final runs.
        records: the records of those, by key, one for each seed.
        metric: what decides.
        higher: whether more of it is better.

    Returns:
        A1 to A7, in order.

    Raises:
        ValueError: the seeds of two entrants differ.
    """
    return [
        at_an_edge(entrants, higher),
        infeasible(entrants),
        inclusion(entrants, compare_all(entrants, higher, metric)),
        still_improving(entrants, records, metric, higher),
        overfitting(entrants, records),
        late_noise(entrants, records, metric, higher),
        memory(entrants),
    ]


def at_an_edge(entrants: Sequence[Entrant], higher: bool) -> Audit:
    """A1: whether a best point lies at an end of the range that was searched.

    Args:
        entrants: all of them.
        higher: whether more of the metric is better.

    Returns:
        The audit.
    """
    name = "best point at an edge"
    if not any(one.axes and one.trials for one in entrants):
        return Audit("A1", name, None, "Nothing was searched.")
    edges = [(one, edge) for one in entrants for edge in boundary(one, higher)]
    if not edges:
        return Audit("A1", name, True, "Every best point lies inside its range.")
    said = "; ".join(f"{one.label}'s best point {_where(one, edge)}" for one, edge in edges)
    todo = (
        "Widen the range there tenfold and give everyone the same extra points: `--widen` does "
        "both."
    )
    keys = list(dict.fromkeys(one.key for one, _ in edges))
    return Audit("A1", name, False, f"{said}.", todo, keys)


def boundary(entrant: Entrant, higher: bool) -> list[Edge]:
    """The ends of ranges at which an entrant's best point lies.

    The best point is the one that was chosen on fresh seeds, or, before that, the best trial; the
    default counts like any other. It lies at an edge in the last 5 % of a range, or if nothing was
    tried further out: the outermost of 16 points is not that close once in five times. It does not
    if a point further in is as good but for the noise between two runs: on an axis that matters
    little, the best point is anywhere. `benchmarks/results/race_statistics.md` has how often either
    is wrong.

    Args:
        entrant: whose.
        higher: whether more of the metric is better.

    Returns:
        One for each; none if the best point lies inside, or nothing was searched.
    """
    ended = [trial for trial in entrant.trials if trial.score is not None]
    best = _best(entrant, ended, higher)
    if best is None:
        return []
    found: list[Edge] = []
    for axis in entrant.axes:
        side = _side(best, axis, entrant.trials)
        if side is not None and not _as_good_inside(entrant, axis, best, higher):
            found.append(Edge(entrant.key, axis.name, side))
    return found


def infeasible(entrants: Sequence[Entrant]) -> Audit:
    """A2: whether most points of a search diverged or failed.

    Args:
        entrants: all of them.

    Returns:
        The audit.
    """
    name = "points that can't train"
    searched = [one for one in entrants if one.trials]
    if not searched:
        return Audit("A2", name, None, "Nothing was searched.")
    counts = {
        one.key: sum(trial.status in ("diverged", "failed") for trial in one.trials)
        for one in searched
    }
    bad = [one for one in searched if counts[one.key] > INFEASIBLE * len(one.trials)]
    if not bad:
        worst = max(searched, key=lambda one: counts[one.key] / len(one.trials))
        if not counts[worst.key]:
            return Audit("A2", name, True, "No point diverged or failed.")
        said = f"At most {counts[worst.key]} of {len(worst.trials)} points, {worst.label}'s, did."
        return Audit("A2", name, True, said)
    said = "; ".join(
        f"{counts[one.key]} of {len(one.trials)} points of {one.label} diverged or failed"
        for one in bad
    )
    todo = (
        "Move the range of the learning rate to where training works; if that does not help, look "
        "for a fault in the model or the loss."
    )
    return Audit("A2", name, False, f"{said}.", todo, [one.key for one in bad])


def inclusion(entrants: Sequence[Entrant], pairs: Sequence[Pair]) -> Audit:
    """A3: whether a method lost to what is a special case of itself.

    Args:
        entrants: all of them.
        pairs: every two of them, as `compare_all` gives them.

    Returns:
        The audit.
    """
    name = "lost to its own special case"
    by_key = {one.key: one for one in entrants}
    found: list[tuple[Entrant, Entrant, str]] = []
    for pair in pairs:
        a, b = by_key[pair.a], by_key[pair.b]
        if pair.verdict in ("a", "b"):
            winner, loser = (a, b) if pair.verdict == "a" else (b, a)
            how = includes(loser, winner)
            if how is not None:
                found.append((loser, winner, how.knob))
    if not found:
        known = sum(includes(one, other) is not None for one, other in permutations(entrants, 2))
        said = "Nobody lost to a special case of itself." if known else "Nobody includes another."
        return Audit("A3", name, True, said)
    said = "; ".join(
        f"{loser.label} lost to {winner.label}, which it is itself with {knob}"
        for loser, winner, knob in found
    )
    todo = (
        "It can't be worse, only tuned worse: give everyone more points, and let its search reach "
        f"{figure.names([knob for _, _, knob in found])}."
    )
    keys = list(dict.fromkeys(loser.key for loser, _, _ in found))
    return Audit("A3", name, False, f"{said}.", todo, keys)


def memory(entrants: Sequence[Entrant]) -> Audit:
    """A7: the bytes of everyone's optimizer state; it passes always.

    Args:
        entrants: all of them.

    Returns:
        The audit.
    """
    said = figure.names(
        [
            f"{one.label} {figure.octets(one.state_bytes)}"
            for one in sorted(entrants, key=lambda one: one.state_bytes)
        ]
    )
    return Audit("A7", "memory", True, f"Optimizer state: {said}.")


def _best(entrant: Entrant, ended: list[Trial], higher: bool) -> Trial | None:
    sign = 1.0 if higher else -1.0
    chosen = max(
        (one for one in entrant.candidates if one.scores),
        key=lambda one: sign * float(np.mean(one.scores)),
        default=None,
    )
    if chosen is not None:
        return next((trial for trial in ended if trial.point == chosen.point), None)
    return max(ended, key=lambda trial: sign * (trial.score or 0.0), default=None)


def _place(trial: Trial, axis: Axis) -> float | None:
    """Where a trial lies on an axis, 0 at its low end and 1 at its high end, in factors."""
    value = trial.walked.get(axis.name)
    if value is None or not 0 < axis.low < axis.high:
        return None
    if value <= 0:  # switched off: no factor leads there
        return None
    return math.log(value / axis.low) / math.log(axis.high / axis.low)


def _side(trial: Trial, axis: Axis, trials: Sequence[Trial]) -> Literal["low", "high"] | None:
    """The end of an axis at which a trial lies; points that failed were tried, too."""
    where = _place(trial, axis)
    places = [place for place in (_place(one, axis) for one in trials) if place is not None]
    if where is None or min(places) == max(places):
        return None
    if where < EDGE or where == min(places):
        return "low"
    if where > 1 - EDGE or where == max(places):
        # A distance from 1 of a decay can't exceed 1.
        return None if axis.says.startswith("1 −") and axis.high >= 1 else "high"
    return None


def _as_good_inside(entrant: Entrant, axis: Axis, best: Trial, higher: bool) -> bool:
    inside = [
        one.score
        for one in entrant.trials
        if one.score is not None
        and _place(one, axis) is not None
        and _side(one, axis, entrant.trials) is None
    ]
    if not inside or best.score is None:
        return False
    lost = best.score - max(inside) if higher else min(inside) - best.score
    return lost <= noise(entrant)


def noise(entrant: Entrant) -> float:
    """The standard deviation of the difference of two runs, from the best points' fresh seeds."""
    spreads = [np.var(one.scores, ddof=1) for one in entrant.candidates if len(one.scores) > 1]
    return math.sqrt(2 * float(np.mean(spreads))) if spreads else 0.0


def _where(entrant: Entrant, edge: Edge) -> str:
    axis = next(axis for axis in entrant.axes if axis.name == edge.axis)
    end = axis.low if edge.side == "low" else axis.high
    side = "lower" if edge.side == "low" else "upper"
    return f"lies at the {side} end of {axis.says}, {end:.2g}"
