"""Figures in sentences: a gap with as many digits as its interval deserves, and its unit.

The pages write numbers for tables and charts; these are for verdicts and audits, which must read
the same in a terminal, in JSON and on a page.
"""

from __future__ import annotations

import math
import re

from thalweg.race.result import Span

FRACTIONS = ("accuracy", "error_rate", "precision", "recall")
MINUS = "−"


def value(metric: str, number: float) -> str:
    """A metric's value.

    >>> value("accuracy", 0.98125), value("loss", 0.98125)
    ('98.12 %', '0.9812')
    """
    if metric in FRACTIONS and math.isfinite(number):
        return _signed(f"{100 * number:.2f} %")
    return _signed(f"{number:.4g}")


def size(metric: str, number: float) -> str:
    """A difference without its sign, in two digits.

    >>> size("accuracy", -0.0123), size("loss", 0.0123), size("loss", 1234.5)
    ('1.2 points', '0.012', '1234')
    """
    scaled = abs(number) * _scale(metric)
    return (f"{scaled:.0f}" if scaled >= 10 else f"{scaled:.2g}") + _unit(metric)


def gap(metric: str, span: Span) -> tuple[str, str]:
    """A difference and its interval, with decimals that tell the ends of the interval apart.

    >>> gap("accuracy", Span(0.0123, 0.0081, 0.0164))
    ('1.23 points', '0.81 to 1.64')
    >>> gap("loss", Span(-0.5, -1.04, 0.24))
    ('−0.5', '−1.0 to 0.2')
    """
    scale = _scale(metric)
    middle, low, high = scale * span.value, scale * span.low, scale * span.high
    finest = high - low or abs(middle)
    if not (finest and math.isfinite(finest)):
        return _signed(f"{middle:g}") + _unit(metric), _signed(f"{low:g} to {high:g}")
    decimals = 1 - math.floor(math.log10(finest))
    if decimals > 6:
        shape = ".2e"
    else:
        shape = f".{max(0, decimals)}f"
    said = [_signed(f"{number:{shape}}") for number in (middle, low, high)]
    return said[0] + _unit(metric), f"{said[1]} to {said[2]}"


def names(labels: list[str], word: str = "and") -> str:
    """Labels as a sentence lists them.

    >>> names(["Adam"]), names(["Adam", "SGD"]), names(["Adam", "SGD", "Lion"])
    ('Adam', 'Adam and SGD', 'Adam, SGD and Lion')
    """
    return f" {word} ".join(filter(None, [", ".join(labels[:-1]), *labels[-1:]]))


def factor(number: float) -> str:
    """A factor in two digits.

    >>> factor(3.16), factor(1), factor(1234)
    ('3.2', '1', '1200')
    """
    if not math.isfinite(number) or number >= 1e6:
        return f"{number:.1g}"
    digits = 1 - math.floor(math.log10(number)) if number > 0 else 0
    return f"{round(number, digits):.{max(0, digits)}f}".removesuffix(".0")


def octets(number: int) -> str:
    """A number of bytes.

    >>> octets(0), octets(512), octets(1536), octets(5_000_000)
    ('none', '512 B', '1.5 KiB', '4.8 MiB')
    """
    if not number:
        return "none"
    value, unit = float(number), "B"
    for larger in ("KiB", "MiB", "GiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"


def _scale(metric: str) -> float:
    return 100.0 if metric in FRACTIONS else 1.0


def _unit(metric: str) -> str:
    return " points" if metric in FRACTIONS else ""


def _signed(text: str) -> str:
    # Only at the front of a number: the exponent of 1e-07 keeps its hyphen, for pasting.
    return re.sub(r"(?<!\S)-", MINUS, text)
