"""Numbers as people read them: four digits, a per cent sign where it belongs, words for gaps."""

from __future__ import annotations

import math

FRACTIONS = ("accuracy", "error_rate", "precision", "recall")
MISSING = "–"


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
        return f"{100 * value:+.2f} points".replace("-", "−")
    return ("+" if value > 0 else "") + plain(value)


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
