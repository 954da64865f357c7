"""Numbers as the doctor says them: few digits, with their unit and their interval."""

from __future__ import annotations

import math

from thalweg.doctor.evidence import Estimate


def short(value: float) -> str:
    """A number in two or three digits, as one types it.

    >>> short(0.003), short(31.4), short(0.123456), short(2e-5), short(1200.0), short(float("inf"))
    ('3e-3', '31', '0.123', '2e-5', '1200', 'infinity')
    """
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if value == 0:
        return "0"
    size = abs(value)
    if size < 0.01 or size >= 1e5:
        digits, _, power = f"{value:.1e}".partition("e")
        return f"{digits.removesuffix('.0')}e{int(power)}"
    return f"{value:.3g}" if size < 10 else f"{value:.0f}"


def times(value: float) -> str:
    """A factor.

    >>> times(31.2), times(2.0), times(0.5)
    ('31×', '2×', '0.5×')
    """
    return f"{float(f'{value:.2g}'):g}×" if abs(value) < 100 else f"{short(value)}×"


def share(value: float) -> str:
    """A part of a whole.

    >>> share(0.923), share(0.004), share(0.0)
    ('92 %', '0.4 %', '0 %')
    """
    per_cent = 100 * value
    return f"{per_cent:.0f} %" if per_cent >= 1 or per_cent == 0 else f"{per_cent:.1g} %"


def factor_interval(estimate: Estimate) -> str:
    """Where 95 % of the probes of a factor lie.

    >>> factor_interval(Estimate(31.0, 18.0, 44.0, 12))
    '95 % of 12 probes: 18× to 44×'
    """
    return f"95 % of {estimate.count} probes: {times(estimate.low)} to {times(estimate.high)}"


def interval(estimate: Estimate) -> str:
    """A measured number with where 95 % of its probes lie.

    >>> interval(Estimate(2.5, 2.1, 3.0, 12))
    '2.5 (2.1 to 3; 12 probes)'
    """
    return (
        f"{short(estimate.value)} ({short(estimate.low)} to {short(estimate.high)}; "
        f"{estimate.count} probes)"
    )


def count(number: int, what: str) -> str:
    """So many of something.

    >>> count(1, "layer"), count(4200, "step")
    ('1 layer', '4,200 steps')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def some(names: list[str], most: int = 3) -> str:
    """The first few of a list.

    >>> some(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
