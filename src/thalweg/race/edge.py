"""Edges: whether the best point of a search lies at an end of what was searched.

One criterion for both who ask: the referee, who widens the range there, and the first audit, which
withholds a verdict. So a race that was widened until nothing lies at an edge passes the audit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from thalweg.race.result import Axis, Candidate, Entrant, Trial

EDGE = 0.05  # of a range's length, in factors: closer to its end, the best may lie beyond

Side = Literal["low", "high"]


@dataclass(frozen=True)
class Edge:
    """An end of a range at which the best point lies.

    Attributes:
        axis: the axis' name.
        side: of its range.
        closed: whether the rule's own range ends there, so that there is nothing beyond.
    """

    axis: str
    side: Side
    closed: bool = False


@dataclass(frozen=True)
class Searched:
    """What a search found so far; an `Entrant` has the same.

    Attributes:
        axes: what was searched, as far as it was widened.
        trials: of the search.
        candidates: the best of them on fresh seeds.
    """

    axes: list[Axis]
    trials: list[Trial]
    candidates: list[Candidate]


def boundary(found: Searched | Entrant, higher: bool) -> list[Edge]:
    """The ends of ranges at which the best point lies.

    The best point is the one with the best mean on fresh seeds, or, before there are any, the best
    trial; the default counts like any other. It lies at an edge in the last 5 % of a range, or if
    nothing was tried further out: the outermost of 16 points is not that close once in five times.
    It does not if a point further in is as good but for the noise between two runs: on an axis that
    matters little, the best point is anywhere. `benchmarks/results/race_statistics.md` has how
    often either is wrong.

    Args:
        found: by a search, or by an entrant's.
        higher: whether more of the metric is better.

    Returns:
        One for each; none if the best point lies inside, or nothing was searched.
    """
    best = _best(found, higher)
    if best is None:
        return []
    edges: list[Edge] = []
    for axis in found.axes:
        side = _side(best, axis, found.trials)
        if side is not None and not _as_good_inside(found, axis, best, higher):
            edges.append(Edge(axis.name, side, side in axis.closed))
    return edges


def noise(found: Searched | Entrant) -> float:
    """The standard deviation of the difference of two runs, from the best points' fresh seeds."""
    spreads = [np.var(one.scores, ddof=1) for one in found.candidates if len(one.scores) > 1]
    return math.sqrt(2 * float(np.mean(spreads))) if spreads else 0.0


def _best(found: Searched | Entrant, higher: bool) -> Trial | None:
    sign = 1.0 if higher else -1.0
    ended = [trial for trial in found.trials if trial.score is not None]
    chosen = max(
        (one for one in found.candidates if one.scores),
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


def _side(trial: Trial, axis: Axis, trials: Sequence[Trial]) -> Side | None:
    """The end of an axis at which a trial lies; points that failed were tried, too."""
    where = _place(trial, axis)
    places = [place for place in (_place(one, axis) for one in trials) if place is not None]
    if where is None or min(places) == max(places):
        return None
    if where < EDGE or where == min(places):
        return "low"
    return "high" if where > 1 - EDGE or where == max(places) else None


def _as_good_inside(found: Searched | Entrant, axis: Axis, best: Trial, higher: bool) -> bool:
    inside = [
        one.score
        for one in found.trials
        if one.score is not None
        and _place(one, axis) is not None
        and _side(one, axis, found.trials) is None
    ]
    if not inside or best.score is None:
        return False
    lost = best.score - max(inside) if higher else min(inside) - best.score
    return lost <= noise(found)
