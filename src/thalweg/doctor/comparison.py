"""Two sides that met several times: where each ended, and by how much one was lower.

Paired within a repeat; the interval is Student's over the repeats, in logarithms where losses are
above 0.
"""

from __future__ import annotations

import math

from thalweg.doctor.evidence import Estimate


def average(losses: list[float], memory: float) -> list[float]:
    """Exponential averages that look `memory` steps back, without the pull of a first value.

    Example:
        >>> average([1.0, 1.0, 1.0], 2.0)
        [1.0, 1.0, 1.0]
    """
    keep = math.exp(-1 / memory)
    total, weight, made = 0.0, 0.0, []
    for one in losses:
        total, weight = keep * total + (1 - keep) * one, keep * weight + (1 - keep)
        made.append(total / weight)
    return made


def compared(unchanged: list[float], prescribed: list[float]) -> tuple[Estimate, ...]:
    """Both ends and the gain, over the repeats.

    Args:
        unchanged: where one side ended, each time.
        prescribed: where the other did.

    Returns:
        The ends of both (not a number where one is not finite), and how much lower the second is:
        infinite where only the first breaks, minus infinity where the second does.

    Example:
        >>> one, two, gain = compared([1.0, 1.1], [0.5, 0.55])
        >>> round(gain.value / one.value, 6)
        0.5
    """
    both = [*unchanged, *prescribed]
    if not all(map(math.isfinite, both)):
        # One repeat that breaks is enough: a prescription must not.
        broken = not all(map(math.isfinite, prescribed))
        nan, gain = Estimate(math.nan, math.nan, math.nan, len(unchanged)), math.inf
        gain = -gain if broken else gain
        ends = (
            _interval(one) if all(map(math.isfinite, one)) else nan
            for one in (unchanged, prescribed)
        )
        return (*ends, Estimate(gain, gain, gain, len(unchanged)))
    pairs = list(zip(unchanged, prescribed, strict=True))
    if min(both) <= 0:
        found = (unchanged, prescribed, [one - two for one, two in pairs])
        return tuple(_interval(one) for one in found)
    # In logarithms: a loss that is thrown far up in one repeat must not hide in its own spread.
    one, two = (_exp(_interval([math.log(v) for v in some])) for some in (unchanged, prescribed))
    times = _exp(_interval([math.log(two / one) for one, two in pairs]))
    value, low, high = (one.value * (1 - share) for share in (times.value, times.high, times.low))
    return one, two, Estimate(value, low, high, len(pairs))


def _exp(found: Estimate) -> Estimate:
    value, low, high = (math.exp(min(one, 700.0)) for one in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.count)


def _interval(values: list[float]) -> Estimate:
    """The mean and Student's 95 % interval."""
    from scipy.stats import t

    count = len(values)
    mean = sum(values) / count
    error = math.sqrt(sum((one - mean) ** 2 for one in values) / (count - 1) / count)
    width = float(t.ppf(0.975, count - 1)) * error
    return Estimate(mean, mean - width, mean + width, count)
