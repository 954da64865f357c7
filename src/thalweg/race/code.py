"""Code to paste: settings as one types them, for the one who wants to train with the winner."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from thalweg.optim import optimizer
from thalweg.race.content import is_shipped
from thalweg.rules import Rule
from thalweg.rules.modifiers import Modified
from thalweg.schedules import Schedule


def code(rule: Rule, hypers: Mapping[str, Any], batch: int | None) -> str:
    """An optimizer at its settings.

    Args:
        rule: a shipped one, a modified one or one of one's own.
        hypers: what is set.
        batch: samples a step; None for all of them.

    Returns:
        A line, with what it needs beside it in a comment.

    Example:
        >>> import thalweg
        >>> from thalweg import rules
        >>> code(rules.find("adam"), {"lr": 0.001, "beta1": 0.95}, 64)
        'thalweg.Adam(model.parameters(), lr=0.001, betas=(0.95, 0.999))  # batches of 64'
        >>> code(thalweg.cautious("lion").rule, {"lr": 0.001}, 64)
        'thalweg.optimizer(thalweg.cautious("lion"))(model.parameters(), lr=0.001)  # batches of 64'
    """
    given = {**rule.defaults, **hypers}
    said: dict[str, str] = {}
    for name in hypers:
        together, spot = rule.places[name]
        if spot is None:
            said[name] = _spelled(given[name])
        else:
            parts = [_spelled(given[one]) for one in rule.tuples[together]]
            said[together] = f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    inner = "".join(f", {name}={value}" for name, value in said.items())
    notes = ["all training data at every step" if batch is None else f"batches of {batch}"]
    notes += _origins(rule.function)
    return f"{_made(rule.function)}(model.parameters(){inner})  # {', '.join(notes)}"


def place(rule: Rule) -> str | None:
    """How the command line finds a rule: by name, or `path/to/file.py:name`; None if not at all."""
    function = rule.function
    if is_shipped(function):
        return rule.name
    module, name = inspect.getmodule(function), function.__name__
    if module is None or module.__name__ == "__main__":  # a script would race while it is read
        return None
    file = getattr(module, "__file__", None)
    return f"{file}:{name}" if file and getattr(module, name, None) is function else None


def _made(function: Callable[..., Any]) -> str:
    if is_shipped(function):
        return f"thalweg.{optimizer(function).__name__}"
    return f"thalweg.optimizer({_named(function)})"


def _named(function: Callable[..., Any]) -> str:
    """A rule, as an argument."""
    if is_shipped(function):
        return f'"{function.__name__}"'
    if not isinstance(function, Modified):
        return function.__name__
    by, own = function.modifier, function.modifier.declared.hypers
    said = [f"{n}={_spelled(v)}" for n, v in function.settings if v != own[n].default]
    shipped = by.__module__.startswith("thalweg.rules.")
    name = f"thalweg.{by.__name__}" if shipped else by.__name__
    return f"{name}({', '.join([_named(function.inner), *said])})"


def _origins(function: Callable[..., Any]) -> list[str]:
    """Which functions are one's own, and from which files."""
    if isinstance(function, Modified):
        return [*_origins(function.modifier.function), *_origins(function.inner)]
    file = getattr(inspect.getmodule(function), "__file__", None)
    if function.__module__.startswith("thalweg.rules."):
        return []
    return [f"{function.__name__} from {Path(file).name if file else 'your own code'}"]


def _spelled(value: Any) -> str:
    if isinstance(value, float) and not isinstance(value, bool):
        return f"{value:.6g}"
    return repr(value) if not isinstance(value, Schedule) else f"thalweg.schedules.{value!r}"
