"""Estimates as people read them: as many decimals as their intervals bear, the same in a column."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from thalweg.race.result import Span
from thalweg.train import number
from thalweg.train.number import FRACTIONS, MISSING

HARD = "\N{NO-BREAK SPACE}"


def known(value: float | None) -> bool:
    """Whether there is a number to show."""
    return value is not None and math.isfinite(value)


def shown(value: float | None, say: Callable[[float], str]) -> str:
    """What `say` makes of a value; a dash where there is none.

    >>> shown(float("nan"), number.seconds), shown(2.0, number.seconds)
    ('–', '2.0 s')
    """
    return say(value) if value is not None and math.isfinite(value) else MISSING


def places(name: str, spans: Iterable[Span]) -> int:
    """How many decimals a column of estimates bears: two digits of the narrowest half interval.

    >>> places("accuracy", [Span(0.97, 0.96, 0.98)]), places("loss", [Span(0.5, 0.48, 0.52)])
    (1, 3)
    """
    most, scale = (2, 100) if name in FRACTIONS else (5, 1)
    halves = [scale * (span.high - span.low) / 2 for span in spans]
    halves = [half for half in halves if known(half) and half > 0]
    if not halves:
        return most if name in FRACTIONS else 4
    return min(max(1 - math.floor(math.log10(min(halves))), 0), most)


def bare(name: str, value: float | None, decimals: int) -> str:
    """A metric's value without its unit, fractions in per cent.

    >>> bare("accuracy", 0.97583, 1), bare("accuracy", -1e-9, 1), bare("loss", None, 3)
    ('97.6', '0.0', '–')
    >>> bare("loss", 0.12, 3), bare("loss", -1e-9, 3)
    ('0.120', '−1e-09')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    scaled = 100 * value if name in FRACTIONS else value
    if scaled and not 10.0**-decimals <= abs(scaled) < 1e6 and name not in FRACTIONS:
        return number.plain(value)
    said = f"{scaled:.{decimals}f}"
    return said.lstrip("-") if float(said) == 0 else said.replace("-", "−")


def value(name: str, given: float | None, decimals: int) -> str:
    r"""A metric's value with its unit.

    >>> value("accuracy", 0.97583, 1), value("loss", 0.12, 3)
    ('97.6\xa0%', '0.120')
    """
    said = bare(name, given, decimals)
    return f"{said}{HARD}%" if name in FRACTIONS and said != MISSING else said


def interval(name: str, span: Span, decimals: int) -> str:
    r"""Both ends of an interval, not torn apart; nothing where there is none.

    >>> interval("accuracy", Span(0.97, 0.96, 0.98), 1)
    '96.0\xa0to\xa098.0'
    """
    if not (known(span.low) and known(span.high)):
        return ""
    return f"{bare(name, span.low, decimals)}{HARD}to{HARD}{bare(name, span.high, decimals)}"


def signed(name: str, given: float | None, decimals: int) -> str:
    """A difference of two values of a metric, with its sign; fractions in percentage points.

    >>> signed("accuracy", 0.0164, 1), signed("loss", -0.02, 3)
    ('+1.6', '−0.020')
    """
    said = bare(name, given, decimals)
    return f"+{said}" if given is not None and given > 0 else said


def share(given: float | None) -> str:
    r"""A probability or a share in per cent.

    >>> share(0.9), share(1.0)
    ('90\xa0%', '100\xa0%')
    """
    return shown(given, lambda v: f"{100 * v:.0f}{HARD}%")


def chance(p: float | None) -> str:
    """A p value; what is very small is only said to be so.

    >>> chance(0.0117), chance(1e-5), chance(None)
    ('0.012', '< 0.001', '–')
    """
    return shown(p, lambda v: "< 0.001" if v < 0.001 else f"{v:.2g}")


def large(value: float | None) -> str:
    """A large count in three digits.

    >>> large(12_408_320), large(25_140), large(29)
    ('12.4 million', '25.1 thousand', '29')
    """

    def say(given: float) -> str:
        for size, word in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
            if given >= size:
                return f"{given / size:.3g} {word}"
        return f"{given:g}"

    return shown(value, say)
