"""Fields of a message: each is read as what it should be, or refused in one line."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

Fields = Mapping[str, Any]


def shown(value: object) -> str:
    """A value for an error line: short, whatever it is.

    >>> shown("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."
    """
    if isinstance(value, Mapping | list):
        return "an object" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a number of more than 40 digits"  # Python itself refuses to print the longest
    text = repr(value)
    return text if len(text) <= 42 else f"{text[:39]}..."


def only(fields: Fields, names: Collection[str], what: str) -> None:
    """Refuse names that are not known, for a misspelt one would be passed over in silence."""
    for name in fields:
        if name not in names:
            raise ValueError(f"{what}: {shown(name)} is unknown; it takes {', '.join(names)}")


def number(value: object, name: str, low: float, high: float) -> float:
    """A finite number within a range.

    >>> number(1, "noise", 0, 2)
    1.0
    >>> number(True, "noise", 0, 2)
    Traceback (most recent call last):
    ...
    ValueError: noise=True is not a number in [0, 2]
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name}={shown(value)} is not a number in [{low:g}, {high:g}]")
    return float(value)


def whole(value: object, name: str, low: int, high: int) -> int:
    """A whole number within a range; 5.0 is one, as JavaScript has no other."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name}={shown(value)} is not a whole number in [{low}, {high}]")
    return value


def truth(value: object, name: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{name}={shown(value)} is neither true nor false")
    return value


def word(value: object, name: str, longest: int) -> str:
    """Letters, so many at most."""
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"{name}={shown(value)} is not a word of at most {longest} letters")
    return value


def listed(value: object, name: str, least: int, most: int) -> list[Any]:
    """A list, of so many."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        many = f"{least}" if least == most else f"{least} to {most}"
        raise ValueError(f"{name}={shown(value)} is not a list of {many}")
    return value


def named(value: object, name: str) -> Fields:
    """An object, whose keys are always words in JSON."""
    if not isinstance(value, dict):
        raise ValueError(f"{name}={shown(value)} is not an object")
    return value


def point(value: object, name: str, within: float) -> tuple[float, float]:
    """Two numbers, x and y."""
    x, y = listed(value, name, 2, 2)
    return number(x, f"{name} x", -within, within), number(y, f"{name} y", -within, within)


def finite(value: object) -> Any:
    """The same plain data with None for every number that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value
