"""Numbers as people read them: four digits, a per cent sign where it belongs, words for gaps.

One way for all: tables, pages, verdicts, and what the terminal says.
"""

from __future__ import annotations

import math
import re

FRACTIONS = ("accuracy", "error_rate", "precision", "recall")
MISSING = "–"
MINUS = "−"


def plain(value: float | None) -> str:
    """A number in four significant digits.

    >>> plain(0.12345), plain(3.0), plain(1e-7), plain(float("nan")), plain(None)
    ('0.1235', '3', '1e-07', 'not a number', '–')
    """
    if value is None:
        return MISSING
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{'−' if value < 0 else ''}{abs(value):.4g}"


def metric(name: str, value: float | None) -> str:
    r"""A metric's value; fractions such as an accuracy in per cent, never torn from their sign.

    >>> metric("accuracy", 0.98125), metric("loss", 0.98125)
    ('98.12\xa0%', '0.9812')
    """
    if value is None or not math.isfinite(value) or name not in FRACTIONS:
        return plain(value)
    return f"{100 * value:.2f}\N{NO-BREAK SPACE}%".replace("-", "−")


def gap(name: str, value: float | None) -> str:
    """A difference of two values of a metric, with its sign; fractions in percentage points.

    >>> gap("accuracy", 0.0123), gap("loss", -0.5)
    ('+1.23 points', '−0.5')
    """
    if value is None or not math.isfinite(value):
        return plain(value)
    if name in FRACTIONS:
        return f"{signed(f'{100 * value:+.2f}')} points"
    return ("+" if value > 0 else "") + plain(value)


def distance(name: str, value: float) -> str:
    """A difference of two values of a metric without its sign, in two digits.

    >>> distance("accuracy", -0.0123), distance("loss", 0.0123), distance("loss", 1234.5)
    ('1.2 points', '0.012', '1234')
    >>> distance("accuracy", 7.5e-9), distance("accuracy", 0.0)
    ('less than 0.01 points', '0 points')
    """
    scaled = abs(value) * _scale(name)
    if name in FRACTIONS and 0 < scaled < 0.01:
        return f"less than 0.01{_unit(name)}"
    return (f"{scaled:.0f}" if scaled >= 10 else f"{scaled:.2g}") + _unit(name)


def difference(name: str, value: float, low: float, high: float) -> tuple[str, str]:
    """A difference and its interval, with decimals that tell the ends of the interval apart.

    >>> difference("accuracy", 0.0123, 0.0081, 0.0164)
    ('1.23 points', '0.81 to 1.64')
    >>> difference("loss", -0.5, -1.04, 0.24)
    ('−0.5', '−1.0 to 0.2')
    """
    middle, low, high = (_scale(name) * one for one in (value, low, high))
    finest = high - low or abs(middle)
    if not (finest and math.isfinite(finest)):
        return signed(f"{middle:g}") + _unit(name), f"{signed(f'{low:g}')} to {signed(f'{high:g}')}"
    decimals = 1 - math.floor(math.log10(finest))
    shape = ".2e" if decimals > 6 else f".{max(0, decimals)}f"
    said = [signed(f"{one:{shape}}") for one in (middle, low, high)]
    return said[0] + _unit(name), f"{said[1]} to {said[2]}"


def factor(value: float) -> str:
    """A factor in two digits.

    >>> factor(3.16), factor(1), factor(1234)
    ('3.2', '1', '1200')
    """
    if not math.isfinite(value) or value >= 1e6:
        return f"{value:.1g}"
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{round(value, digits):.{max(0, digits)}f}".removesuffix(".0")


def signed(text: str) -> str:
    """A number that was written with a hyphen: with a minus, and a zero without any sign.

    >>> signed("-0.5"), signed("-0.0"), signed("+0.00"), signed("-1e-07")
    ('−0.5', '0.0', '0.00', '−1e-07')
    """
    if re.fullmatch(r"[+-]0(\.0*)?", text):
        return text[1:]
    # Only at the front: the exponent of 1e-07 keeps its hyphen, for pasting.
    return MINUS + text[1:] if text.startswith("-") else text


def count(value: int | None) -> str:
    """A whole number with thin spaces between the thousands.

    >>> count(1234567).replace(chr(0x202F), "_")
    '1_234_567'
    """
    return MISSING if value is None else f"{value:,}".replace(",", "\u202f")


def seconds(value: float | None) -> str:
    """A duration.

    >>> seconds(0.00041), seconds(0.0123), seconds(4.25), seconds(75), seconds(7384)
    ('0.41 ms', '12 ms', '4.2 s', '1 min 15 s', '2 h 3 min')
    """
    if value is None or not math.isfinite(value):
        return plain(value)
    if value < 1:
        return f"{1000 * value:#.2g} ms" if value < 0.01 else f"{1000 * value:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size(octets: int | None) -> str:
    """A number of bytes.

    >>> size(512), size(1536), size(5_000_000)
    ('512 B', '1.5 KiB', '4.8 MiB')
    """
    if octets is None:
        return MISSING
    value = float(octets)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{octets} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return MISSING


def _scale(name: str) -> float:
    return 100.0 if name in FRACTIONS else 1.0


def _unit(name: str) -> str:
    return " points" if name in FRACTIONS else ""
