"""Critical multiplier: how many times longer could the step be before the loss rises?

Along the step D, the loss L(θ + m D) is asked at m = 1, 2, 4, ... until it rises above L(θ), or at
1/2, 1/4, ... where it has risen at once. The crossing is then narrowed down. Forward passes only.
On a quadratic it is 2 / r, with the step ratio r.

It is asked twice: on the step's own batch it says how stable the step is, on a fixed probe set how
much progress its direction has to offer.
"""

from __future__ import annotations

import math
from collections.abc import Callable

MOST = 1024.0
LEAST = 1 / 64
ROUNDS = 3


def critical(rise: Callable[[float], float], *, rounding: float = 0.0, most: float = MOST) -> float:
    """The multiple of a step at which the loss is back where it began.

    Args:
        rise: from a multiple m to L(θ + m D) − L(θ); infinite and NaN count as risen.
        rounding: rises up to this are noise of the arithmetic.
        most: where to stop doubling.

    Returns:
        The multiple; `most` where the loss is still lower there, 0 where it rises at once.

    Example:
        >>> critical(lambda m: -2.0 * m + 0.5 * m * m)
        4.0
    """
    low, high = 0.0, 1.0
    below, above = 0.0, rise(high)
    if _risen(above, rounding):
        while high > LEAST:
            trial = rise(high / 2)
            if not _risen(trial, rounding):
                low, below = high / 2, trial
                break
            high, above = high / 2, trial
        else:
            return 0.0
    while not _risen(above, rounding):
        if high >= most:
            return most
        low, below, high = high, above, high * 2
        above = rise(high)
    return _narrowed(rise, low, below, high, above)


def _narrowed(
    rise: Callable[[float], float], low: float, below: float, high: float, above: float
) -> float:
    """Bisection, guided by the parabola through 0, low and high: exact on quadratics."""
    for _ in range(ROUNDS - 1):
        found = _crossing(low, below, high, above)
        if high - low <= 0.02 * high:
            return found
        value = rise(found)
        if value == 0:
            return found
        if _risen(value, 0.0):
            high, above = found, value
        else:
            low, below = found, value
    return _crossing(low, below, high, above)


def _crossing(low: float, below: float, high: float, above: float) -> float:
    if not math.isfinite(above):
        return math.sqrt(low * high)
    one, other = below / low, above / high  # a + b m of the parabola a m + b m², at both ends
    if other <= one:
        return (low + high) / 2
    found = low - one * (high - low) / (other - one)
    return min(max(found, low), high)


def _risen(value: float, rounding: float) -> bool:
    return not value <= rounding  # so that NaN has risen
