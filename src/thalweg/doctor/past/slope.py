"""Is it still going down? The slope of a history, robust against spikes, with its interval.

The last part of the history is cut into blocks, each as its median in logarithms, and the slope is
the median of the slopes between all pairs of blocks (Theil 1950; Sen 1968). Its interval comes from
a bootstrap over the blocks' residuals. Blocks, because losses of neighbouring steps depend on each
other, and an interval over single steps would be too narrow.

A count of steps without a new best, as many schedulers use, calls a clear descent after a spike a
plateau; a robust slope does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from thalweg.doctor.evidence import Estimate, Point

SHARE = 0.2
LEAST = 8
BLOCKS = 24
DRAWS = 300


def slope(
    points: Sequence[Point],
    *,
    share: float = SHARE,
    least: int = LEAST,
    logarithm: bool = True,
    seed: int = 0,
) -> Estimate | None:
    """The slope over the last part of a history, for each step.

    Args:
        points: in order of steps; what is not finite, or not above 0 where a logarithm is taken,
            is left out.
        share: of the steps that count as the last part.
        least: points that are taken in any case.
        logarithm: the slope of the natural logarithm: -0.001 is a loss that shrinks by 0.1 % a
            step.
        seed: of the bootstrap.

    Returns:
        The slope with its 95 % interval and the points that it stands on; None for fewer
        points than `least`.

    Example:
        >>> found = slope([Point(step, 0.99**step) for step in range(100)])
        >>> round(found.value, 4), found.high < 0
        (-0.0101, True)
    """
    kept = [
        (float(one.step), float(one.value))
        for one in points
        if math.isfinite(one.value) and (one.value > 0 or not logarithm)
    ]
    if len(kept) < least:
        return None
    first = kept[-1][0] - share * (kept[-1][0] - kept[0][0])
    last = [one for one in kept if one[0] >= first]
    last = last if len(last) >= least else kept[-least:]
    steps, values = (np.array(column) for column in zip(*last, strict=True))
    if steps[0] == steps[-1]:
        return None
    x, y = _blocks(steps, np.log(values) if logarithm else values)
    value, low, high = _bootstrapped(x, y, seed)
    return Estimate(value, low, high, len(last))


def _blocks(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = min(len(x), BLOCKS)
    places, values = np.array_split(x, count), np.array_split(y, count)
    middle = np.array([part.mean() for part in places])
    return middle, np.array([float(np.median(part)) for part in values])


def _bootstrapped(x: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, float, float]:
    """The slope, and the 2.5th and 97.5th percentile of it with residuals drawn anew."""
    value = float(theil_sen(x, y[None])[0])
    rest = y - value * x
    rest = rest - np.median(rest)
    drawn = np.random.default_rng(seed).choice(rest, (DRAWS, len(rest)))
    low, high = np.percentile(theil_sen(x, value * x + drawn), [2.5, 97.5])
    return value, float(low), float(high)


def theil_sen(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The median of the slopes between all pairs, for many rows at once.

    scipy.stats.theilslopes takes one row; three hundred of them would cost a tenth of a second.

    Args:
        x: shape (n,).
        y: shape (rows, n).

    Returns:
        Shape (rows,).

    Example:
        >>> theil_sen(np.arange(5.0), np.array([[1.0, 3.0, 5.0, 70.0, 9.0]])).tolist()
        [2.0]
    """
    one, other = np.triu_indices(len(x), 1)
    apart = x[other] - x[one]
    kept = apart > 0
    one, other = one[kept], other[kept]
    return np.median((y[:, other] - y[:, one]) / apart[kept], axis=1)
