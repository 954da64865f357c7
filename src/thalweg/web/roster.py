"""Who takes part in a race: the best first, each in its colour, its settings in short."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeAlias

from thalweg.race.result import Entrant, Pair, Result, Span
from thalweg.web import sentence
from thalweg.web.colour import Ink, assign

Seat: TypeAlias = tuple[Entrant, Ink]
"""An entrant and how it is drawn, the same on every chart."""


def seats(result: Result) -> list[Seat]:
    """All entrants, the best on the test part first; those without a figure last, as entered."""
    # Before anything is chosen, the default says which of SGD's kinds it is.
    inks = assign([replace(one, chosen=one.chosen or one.default) for one in result.entrants])

    def place(seat: Seat) -> float:
        entrant = seat[0]
        if entrant.key == result.verdict.winner:
            return -math.inf
        for value in (entrant.test.value, entrant.score.value):
            if math.isfinite(value):
                return -value if result.higher else value
        return math.inf

    return sorted(zip(result.entrants, inks, strict=True), key=place)


def standing(result: Result) -> dict[str, str]:
    """What is said beside a name: "best" of a winner; in a tie "tied" of whom nobody beats."""
    if result.verdict.winner is not None:
        return {result.verdict.winner: "best"}
    if result.verdict.kind != "tie":
        return {}
    beaten = {pair.b if pair.verdict == "a" else pair.a for pair in result.pairs if _won(pair)}
    return {one.key: "tied" for one in result.entrants if one.key not in beaten}


def _won(pair: Pair) -> bool:
    return pair.verdict in ("a", "b")


def matches(result: Result, seated: list[Seat]) -> list[Pair]:
    """The pairs with the better placed first, in the order of places."""
    place = {entrant.key: number for number, (entrant, _) in enumerate(seated)}
    made = [pair if place[pair.a] <= place[pair.b] else turned(pair) for pair in result.pairs]
    return sorted(made, key=lambda pair: (place[pair.a], place[pair.b]))


def turned(pair: Pair) -> Pair:
    """The same two, the other way round."""

    def other(span: Span, whole: float) -> Span:
        return Span(whole - span.value, whole - span.high, whole - span.low)

    verdict = pair.verdict
    if verdict in ("a", "b"):
        verdict = "b" if verdict == "a" else "a"
    return replace(
        pair,
        a=pair.b,
        b=pair.a,
        difference=other(pair.difference, 0.0),
        median=other(pair.median, 0.0),
        better=other(pair.better, 1.0),
        verdict=verdict,
    )


def settings(entrant: Entrant) -> str:
    """What was chosen, in short: the learning rate, and what differs from the rule's defaults."""
    return ", ".join(f"{k} {short(v)}" for k, v in sentence.chosen(entrant).items())


def short(value: object) -> str:
    """A hyper-parameter in three digits; one just below 1 in two digits of what it lacks.

    >>> short(0.0041235), short(0.999341), short(0.9), short(True), short(64)
    ('0.00412', '0.99934', '0.9', 'yes', '64')
    """
    if not isinstance(value, float) or not math.isfinite(value):
        return sentence.value(value)
    if 0.9 < value < 1:
        return f"{value:.{1 - math.floor(math.log10(1 - value))}f}".rstrip("0")
    return f"{value:.3g}"
