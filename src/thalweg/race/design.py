"""The points of a search: a scrambled Sobol sequence, the same quantiles for every rule.

A low-discrepancy sequence covers each axis evenly however many points there are, needs no model
of the loss, gives the same points on every machine, and can be read afterwards: any point could
have come first. So a search of 16 points says what a search of 8 would have found.
"""

from __future__ import annotations

import warnings

import torch

from thalweg.race.space import PLACES

LARGEST = 2**31 - 1


def rows(design: int, count: int, start: int = 0) -> list[list[float]]:
    """Points of the unit cube, one row each.

    Args:
        design: the seed of the scrambling, a whole number from 0 on.
        count: how many.
        start: how many to leave out, which others have had.

    Returns:
        Numbers in (0, 1), as many in a row as there are places for axes.

    Example:
        >>> first, second = rows(design=0, count=2)
        >>> rows(design=0, count=1, start=1) == [second]
        True
    """
    if not count:
        return []
    engine = torch.quasirandom.SobolEngine(len(PLACES), scramble=True, seed=design)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a count is no power of 2: the default takes a place
        if start:
            engine.fast_forward(start)
        drawn = engine.draw(count, dtype=torch.float64)
    # An end of a range is worth a trial, but 0 and 1 themselves are rounding.
    return drawn.clamp(1e-6, 1 - 1e-6).tolist()


def tuning_seed(design: int, point: int) -> int:
    """The seed of a trial: another for each point, the same for every rule."""
    return 100_000 * design + point


def selecting_seed(design: int, turn: int) -> int:
    """A fresh seed for the best trials' second look."""
    return 100_000 * design + 50_000 + turn


def final_seed(design: int, turn: int) -> int:
    """A seed that no choice has seen, the same for every rule."""
    return 100_000 * design + 70_000 + turn
