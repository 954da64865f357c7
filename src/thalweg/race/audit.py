"""Audits: what would make a verdict wrong however clear the figures are, and what to do about it.

A1 to A3 and A7 look at searches, A4 to A6 (`ending.py`) at how the final runs went.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from thalweg.race.comparison import compare_all
from thalweg.race.edge import Edge, boundary
from thalweg.race.ending import Records, late_noise, overfitting, still_improving
from thalweg.race.inclusion import includes
from thalweg.race.listing import names
from thalweg.race.plan import ROUNDS
from thalweg.race.result import Audit, Entrant, Pair
from thalweg.train import number

INFEASIBLE = 0.5  # of the points; more, and the search was spent on finding where one can't train


def audits(
    entrants: Sequence[Entrant], records: Records, metric: str, higher: bool, *, spent: bool = False
) -> list[Audit]:
    """All seven.

    Args:
        entrants: all of them, with their final runs.
        records: the records of those, by key, one for each seed.
        metric: what decides.
        higher: whether more of it is better.
        spent: whether ranges were widened as often as they ever are.

    Returns:
        A1 to A7, in order.

    Raises:
        ValueError: the seeds of two entrants differ.
    """
    return [
        at_an_edge(entrants, higher, spent=spent),
        infeasible(entrants),
        inclusion(entrants, compare_all(entrants, higher, metric)),
        still_improving(entrants, records, metric, higher),
        overfitting(entrants, records),
        late_noise(entrants, records, metric, higher),
        memory(entrants),
    ]


def at_an_edge(entrants: Sequence[Entrant], higher: bool, *, spent: bool = False) -> Audit:
    """A1: whether a best point lies at an end of the range that was searched.

    Args:
        entrants: all of them.
        higher: whether more of the metric is better.
        spent: whether ranges were widened as often as they ever are.

    Returns:
        The audit. It passes where the rule's own range ends too, as nothing is left to try.
    """
    name = "best point at an edge"
    if not any(one.axes and one.trials for one in entrants):
        return Audit("A1", name, None, "Nothing was searched.")
    edges = [(one, edge) for one in entrants for edge in boundary(one, higher)]
    if not edges:
        return Audit("A1", name, True, "Every best point lies inside its range.")
    said = "; ".join(f"{one.label}'s best point {_where(one, edge)}" for one, edge in edges)
    if all(edge.closed for _, edge in edges):
        return Audit("A1", name, True, f"{said}.")
    todo = (
        f"It was widened {ROUNDS} times, which is the most: look for a fault in the task, or move "
        "the range with `--range`."
        if spent
        else "Widen the range there tenfold and give everyone the same extra points: `--widen` "
        "does both, until no best point lies at an edge."
    )
    keys = list(dict.fromkeys(one.key for one, edge in edges if not edge.closed))
    return Audit("A1", name, False, f"{said}.", todo, keys)


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
        f"{names([knob for _, _, knob in found])}."
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
    said = names(
        [
            f"{one.label} {number.size(one.state_bytes) if one.state_bytes else 'none'}"
            for one in sorted(entrants, key=lambda one: one.state_bytes)
        ]
    )
    return Audit("A7", "memory", True, f"Optimizer state: {said}.")


def _where(entrant: Entrant, edge: Edge) -> str:
    axis = next(axis for axis in entrant.axes if axis.name == edge.axis)
    end = axis.low if edge.side == "low" else axis.high
    side = "lower" if edge.side == "low" else "upper"
    last = ", where what the rule takes ends too" if edge.closed else ""
    return f"lies at the {side} end of {axis.says}, {end:.2g}{last}"
