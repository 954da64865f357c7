"""How the final runs ended: still improving, overfitting, or too noisy to rank."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from thalweg.race.listing import names
from thalweg.race.paired import bootstrap
from thalweg.race.result import Audit, Entrant
from thalweg.train import number
from thalweg.train.record import Record

LATE = 0.2  # the last fifth of the epochs
FEWEST = 5  # epochs; fewer have no last fifth
WORTH = 0.01  # of the whole gain; a run that still gains less than that has arrived
WORSE = 0.1  # of the whole gain, lost again after the lowest validation loss
STEADY = 4  # evaluations that a noise can be read from

Records = Mapping[str, Sequence[Record]]


def still_improving(
    entrants: Sequence[Entrant], records: Records, metric: str, higher: bool
) -> Audit:
    """A4: whether the metric still improves over the last fifth of the epochs.

    A slope for each seed, by least squares; it counts if its 95 % interval lies on the improving
    side, and what it gains over that fifth is more than 1 % of the gain of the whole run.

    Args:
        entrants: all of them.
        records: the final runs of each, by key.
        metric: what decides.
        higher: whether more of it is better.

    Returns:
        The audit.
    """
    name = "still improving at the end"
    found: list[tuple[Entrant, float, float]] = []
    looked = False
    for one in entrants:
        runs = [_late(r, metric) for r in _whole(records.get(one.key, []))]
        late = [run for run in runs if run is not None]
        if len(late) < 2:
            continue
        looked = True
        sign = 1.0 if higher else -1.0
        slopes = bootstrap([sign * _slope(*run) * (run[0][-1] - run[0][0]) for run in late])
        gain = float(np.median([_gain(r, metric, sign) for r in _whole(records[one.key])]))
        if gain > 0 and slopes.low > 0 and slopes.value > WORTH * gain:
            found.append((one, slopes.value, slopes.value / gain))
    if not looked:
        said = f"Runs of fewer than {FEWEST} epochs, or fewer than two of them, have no slope."
        return Audit("A4", name, None, said)
    if not found:
        return Audit("A4", name, True, f"In the last fifth nobody's {metric} improves any more.")
    said = _listed(
        f"{one.label} still gained {number.distance(metric, value)} in the last fifth of the "
        f"epochs, {100 * share:.0f} % of all it gained"
        for one, value, share in found
    )
    todo = "Race again with more epochs: the winner may change."
    return Audit("A4", name, False, said, todo, [one.key for one, _, _ in found])


def overfitting(entrants: Sequence[Entrant], records: Records) -> Audit:
    """A5: whether the validation loss rises after its minimum.

    By more than 10 % of what it had fallen, in the median run.

    Args:
        entrants: all of them.
        records: the final runs of each, by key.

    Returns:
        The audit.
    """
    name = "overfitting"
    found: list[tuple[Entrant, float]] = []
    looked = False
    for one in entrants:
        rises = [_rise(record) for record in records.get(one.key, [])]
        there = [rise for rise in rises if rise is not None]
        if not there:
            continue
        looked = True
        if (rise := float(np.median(there))) > WORSE:
            found.append((one, rise))
    if not looked:
        return Audit("A5", name, None, "No run lowered the validation loss.")
    if not found:
        said = f"Nobody's validation loss rises by more than {100 * WORSE:.0f} % of its fall."
        return Audit("A5", name, True, said)
    said = _listed(
        f"{one.label} gives back {100 * rise:.0f} % of the fall of its validation loss after the "
        "minimum"
        for one, rise in found
    )
    todo = (
        "Add the same regularisation for everyone, or fewer epochs, and race again: choosing by "
        "validation favours whoever trains least well."
    )
    return Audit("A5", name, False, said, todo, [one.key for one, _ in found])


def late_noise(entrants: Sequence[Entrant], records: Records, metric: str, higher: bool) -> Audit:
    """A6: whether the metric jumps more from epoch to epoch than the two best differ.

    The noise of a run is the standard deviation of its late steps from one evaluation to the next,
    over √2; of an entrant, the median of its runs.

    Args:
        entrants: all of them.
        records: the final runs of each, by key.
        metric: what decides.
        higher: whether more of it is better.

    Returns:
        The audit.
    """
    name = "late noise"
    ranked = sorted(
        (one for one in entrants if one.finals),
        key=lambda one: np.mean([final.validation for final in one.finals]),
        reverse=higher,
    )[:2]
    noises = [_noise(records.get(one.key, []), metric) for one in ranked]
    there = [noise for noise in noises if noise is not None]
    if len(there) < 2:
        said = f"Two entrants with runs of {STEADY} late evaluations are needed to tell."
        return Audit("A6", name, None, said)
    noise = max(there)
    means = [float(np.mean([final.validation for final in one.finals])) for one in ranked]
    between = abs(means[0] - means[1])
    level = math.isclose(*means, rel_tol=1e-9)  # but for the rounding of a mean
    apart = "score the same" if level else f"are {number.distance(metric, between)} apart"
    said = (
        f"Late in a run the metric moves by {number.distance(metric, noise)} from one evaluation "
        f"to the next; the two best, {names([one.label for one in ranked])}, {apart}."
    )
    if noise <= between:
        return Audit("A6", name, True, said)
    todo = "Lower the learning rate towards the end with a schedule, or evaluate averaged weights."
    return Audit("A6", name, False, said, todo, [one.key for one in ranked])


def _whole(records: Sequence[Record]) -> list[Record]:
    """Runs that got to their end; one that diverged has no late part."""
    return [record for record in records if record.status in ("finished", "stopped early")]


def _late(record: Record, metric: str) -> tuple[np.ndarray, np.ndarray] | None:
    lines = record.history
    if not lines or lines[-1].epoch < FEWEST:
        return None
    late = [line for line in lines if line.epoch >= (1 - LATE) * lines[-1].epoch - 1e-9]
    epochs = np.array([float(line.epoch) for line in late])
    values = np.array([line.validation[metric] for line in late])
    return (epochs, values) if len(late) > 1 and np.isfinite(values).all() else None


def _slope(epochs: np.ndarray, values: np.ndarray) -> float:
    away = epochs - epochs.mean()
    return float(away @ values / (away @ away))


def _gain(record: Record, metric: str, sign: float) -> float:
    values = [sign * line.validation[metric] for line in record.history]
    return max(value for value in values if math.isfinite(value)) - values[0]


def _rise(record: Record) -> float | None:
    """How much of the fall of the validation loss was lost again, of a run that got to its end."""
    losses = [line.validation["loss"] for line in record.history]
    if record.status not in ("finished", "stopped early") or not np.isfinite(losses).all():
        return None
    fall = losses[0] - min(losses)
    return (losses[-1] - min(losses)) / fall if fall > 0 else None


def _noise(records: Sequence[Record], metric: str) -> float | None:
    found: list[float] = []
    for record in _whole(records):
        lines = record.history[1:]
        late = lines[-max(STEADY, math.ceil(LATE * len(lines))) :]
        values = np.array([line.validation[metric] for line in late])
        if len(values) >= STEADY and np.isfinite(values).all():
            found.append(float(np.diff(values).std() / math.sqrt(2)))
    return float(np.median(found)) if found else None


def _listed(parts: Iterable[str]) -> str:
    return f"{'; '.join(parts)}."
