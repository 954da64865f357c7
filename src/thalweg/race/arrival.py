"""Who is where first: a ladder of targets, when they were reached, and the performance profile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from thalweg.race.result import Arrival
from thalweg.train.record import Epoch, Record

Clock = Literal["epochs", "gradient_evaluations", "seconds"]

# Half of the way, then half of what is left, and so on: late progress is slow.
RUNGS = (1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 0.0)
RATIOS = tuple(round(1 + 0.05 * i, 2) for i in range(61))  # 1, 1.05, ..., 4


@dataclass(frozen=True)
class Course:
    """What a whole run of an entrant takes, stopped or not.

    Attributes:
        epochs: planned.
        steps: of the optimizer.
        gradient_evaluations: gradients of single samples.
        seconds_per_step: measured alone.
    """

    epochs: int
    steps: int
    gradient_evaluations: int
    seconds_per_step: float

    def at(self, line: Epoch, clock: Clock) -> float:
        """Where a line of the history stands on a clock."""
        if clock == "seconds":
            return line.step * self.seconds_per_step
        return float(line.epoch if clock == "epochs" else line.gradient_evaluations)

    def whole(self, clock: Clock) -> float:
        """The length of a run on a clock."""
        if clock == "seconds":
            return self.steps * self.seconds_per_step
        return float(self.epochs if clock == "epochs" else self.gradient_evaluations)


def ladder(start: float, reference: Sequence[float]) -> list[float]:
    """Targets from an easy one to the median of what a reference reached in the end.

    Args:
        start: the score before training.
        reference: final scores of the reference, one for each seed.

    Returns:
        Six targets, which leave 1/2, 1/4, ..., 1/32 and nothing of the way from the start; none if
        the reference got nowhere.

    Example:
        >>> ladder(2.0, [0.9, 1.0, 1.1])
        [1.5, 1.25, 1.125, 1.0625, 1.03125, 1.0]
    """
    goal = float(np.median(np.asarray(reference, dtype=float)))
    if not math.isfinite(goal) or not math.isfinite(start) or goal == start:
        return []
    return [goal + left * (start - goal) for left in RUNGS]


def first_hit(
    values: Sequence[float], positions: Sequence[float], target: float, higher: bool
) -> float | None:
    """Where a target was first reached and still held at the next evaluation.

    Args:
        values: of the metric, one for each evaluation.
        positions: of the evaluations, ascending.
        target: to be reached.
        higher: whether more is better.

    Returns:
        The position of the first of the two; None if there is none, also where only the very last
        evaluation reaches the target, which nothing confirms.

    Example:
        >>> first_hit([0.1, 0.6, 0.4, 0.7, 0.8], [0, 1, 2, 3, 4], 0.5, higher=True)
        3
    """
    reached = [value >= target if higher else value <= target for value in values]
    pairs = zip(reached, reached[1:], positions, strict=False)
    return next((at for now, later, at in pairs if now and later), None)


def hits(
    records: Sequence[Record],
    metric: str,
    target: float,
    higher: bool,
    course: Course,
    clock: Clock = "epochs",
) -> list[float]:
    """When each run reached a target; infinity for one that never did.

    Args:
        records: final runs of one entrant, one for each seed.
        metric: its name in the history.
        target: to be reached on validation.
        higher: whether more is better.
        course: of the entrant.
        clock: what is counted.

    Returns:
        A position for each run.
    """
    found: list[float] = []
    for record in records:
        values = [line.validation[metric] for line in record.history]
        positions = [course.at(line, clock) for line in record.history]
        hit = first_hit(values, positions, target, higher)
        found.append(math.inf if hit is None else hit)
    return found


def restricted_mean(times: Sequence[float], horizon: float) -> float:
    """The mean of times until an event, each counted up to a horizon.

    All runs are watched until the same horizon, so this is the area under the Kaplan-Meier curve
    up to there, misses censored and none left out.

    Args:
        times: of the event; infinity if it never came.
        horizon: how long each was watched.

    Returns:
        The mean, a lower bound if any is infinite.

    Example:
        >>> restricted_mean([1, 2, float("inf")], horizon=6)
        3.0
    """
    return float(np.minimum(np.asarray(times, dtype=float), horizon).mean())


def arrivals(
    records: Sequence[Record], metric: str, targets: Sequence[float], higher: bool, course: Course
) -> list[Arrival]:
    """When an entrant's final runs reached each target.

    Args:
        records: its final runs, one for each seed.
        metric: its name in the history.
        targets: as `ladder` gives them.
        higher: whether more is better.
        course: what a whole run takes; a miss counts as that, also of a run that was cut short.

    Returns:
        One for each target.
    """
    found: list[Arrival] = []
    for target in targets:
        means: dict[Clock, float] = {}
        share = math.nan
        for clock in ("epochs", "gradient_evaluations", "seconds"):
            times = hits(records, metric, target, higher, course, clock)
            share = float(np.isfinite(times).mean())
            means[clock] = restricted_mean(times, course.whole(clock))
        found.append(Arrival(target=target, share=share, **means))
    return found


def profile(times: np.ndarray) -> tuple[list[float], list[list[float]]]:
    """The performance profile of Dolan & Moré 2002 (arXiv:cs/0102001), on one workload.

    Each target on each seed is a problem. An entrant's curve says on which share of the problems
    its time is within a multiple of the fastest's. The curves depend on who takes part: read
    them beside the pairs.

    Args:
        times: shape (entrants, problems); infinity for a miss.

    Returns:
        The multiples, from 1 to 4; and for each entrant the shares of problems. One that nobody
        solved counts for nobody.

    Example:
        >>> ratios, shares = profile(np.array([[1.0, 6.0], [2.0, 3.0]]))
        >>> [share[0] for share in shares], [share[ratios.index(2.0)] for share in shares]
        ([0.5, 0.5], [1.0, 1.0])
    """
    found = np.asarray(times, dtype=float)
    if found.ndim != 2 or np.isnan(found).any() or (found < 0).any():
        raise ValueError("a profile needs times from 0 on, an entrant a row; infinity for a miss")
    best = found.min(axis=0, initial=math.inf)
    # As products: a best time of 0 would make a quotient without meaning.
    limits = np.multiply.outer(RATIOS, np.where(np.isfinite(best), best, -1.0))
    solved = found[:, None, :] <= limits * (1 + 1e-12)
    shares = solved.sum(axis=2) / max(1, found.shape[1])
    return list(RATIOS), [list(map(float, row)) for row in shares]
