"""Hyper-parameters as one types them: `lr=1e-3`, `momentum=ramp(0.5, 0.9, epochs=10)`.

The text is read, never run: numbers, words, and calls of the schedules' names with such arguments.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Sequence
from typing import Any

from thalweg import schedules

# `custom` takes a function, which can't be typed here.
SCHEDULES = tuple(name for name in schedules.__all__ if name not in ("Schedule", "custom"))
WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
    "none": None,
    "inf": float("inf"),
    "nan": float("nan"),
}
LARGEST = 2**53


def read_all(texts: Sequence[str]) -> dict[str, Any]:
    """Read several settings.

    Args:
        texts: each `name=value`.

    Returns:
        The values by name.

    Raises:
        ValueError: one can't be read, or a name stands twice.

    Example:
        >>> read_all(["lr=1e-3", "nesterov=yes"])
        {'lr': 0.001, 'nesterov': True}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, value = read(text)
        if name in found:
            raise ValueError(f"--set {name} is given twice; keep one")
        found[name] = value
    return found


def read(text: str) -> tuple[str, Any]:
    """Read one setting, `name=value`.

    Example:
        >>> read("momentum=ramp(0.5, 0.9, epochs=10)")
        ('momentum', ramp(0.5, 0.9, epochs=10))
    """
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not name.isidentifier() or not value.strip():
        raise ValueError(f"--set {text!r} is not name=value; lr=1e-3 is an example")
    try:
        tree = ast.parse(value.strip(), mode="eval").body
        return name, _value(tree, value)
    except (SyntaxError, RecursionError, MemoryError):
        raise _unreadable(name, value) from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"--set {name}: {error}") from None


def _value(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value=bool() | float() | str() | None as given):
            return given
        case ast.Constant(value=int() as given):
            if abs(given) > LARGEST:
                raise ValueError("the number is too large; 1e20 is a way to write large ones")
            return given
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            number = _value(operand, text)
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise _not_a_value(node, text)
            return -number if isinstance(sign, ast.USub) else number
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_value(part, text) for part in parts)
        case ast.Name(id=word):
            return WORDS.get(word.lower(), word)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            return _schedule(name, args, keywords, text)
    raise _not_a_value(node, text)


def _schedule(name: str, args: list[ast.expr], keywords: list[ast.keyword], text: str) -> Any:
    if name not in SCHEDULES:
        near = difflib.get_close_matches(name, SCHEDULES, n=1)
        there = f"did you mean {near[0]}?" if near else f"there are {', '.join(SCHEDULES)}"
        raise ValueError(f"{name!r} is no schedule; {there}")
    given = {}
    for keyword in keywords:
        if keyword.arg is None:
            raise _not_a_value(keyword.value, text)
        given[keyword.arg] = _value(keyword.value, text)
    return getattr(schedules, name)(*(_value(arg, text) for arg in args), **given)


def _unreadable(name: str, value: str) -> ValueError:
    example = "1e-3, yes, or ramp(0.5, 0.9, epochs=10) are"
    return ValueError(f"--set {name}: {value!r} can't be read; {example}")


def _not_a_value(node: ast.expr, text: str) -> ValueError:
    part = ast.get_source_segment(text.strip(), node) or text
    return ValueError(f"{part!r} is neither a number, a word nor a schedule")
