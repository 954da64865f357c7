"""Content: a digest of what a rule computes, by which its runs are known again.

A shipped rule is known by its file. A rule of one's own is known by what its function is compiled
to, and by all that this refers to: other functions, numbers, modules that are not installed, what
a closure holds. So a comment changes nothing, a constant in a function that it calls does; and a
rule that was typed into a notebook is known as well as one in a file.
"""

from __future__ import annotations

import inspect
import pickle
import sysconfig
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import blake2b
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from thalweg.rules import Rule
from thalweg.rules.modifiers import Modified


def digest(rule: Rule) -> str:
    """A digest of what a rule computes, 16 hexadecimal digits.

    Args:
        rule: any.

    Returns:
        The same for a rule that computes the same in the same words; with the states, defaults and
        ranges that its signature declares.

    Example:
        >>> from thalweg import rules
        >>> digest(rules.find("adam")) == digest(rules.find("adamw"))
        False
    """
    declared = repr((rule.name, rule.slots, dict(rule.hypers), dict(rule.carried)))
    parts = [declared, *_parts((rule.function, rule.averaged), set())]
    return blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def _parts(value: Any, seen: set[int]) -> Iterator[str]:
    """What a value is and refers to, in an order that is always the same."""
    if id(value) in seen:  # a function that calls itself
        return
    if isinstance(value, Modified):
        by = value.modifier
        yield repr((by.__name__, by.moves, by.evaluates, value.settings))
        yield from _parts((by.function, value.inner), seen)
    elif isinstance(value, partial):
        yield from _parts((value.func, value.args, value.keywords), seen)
    elif isinstance(value, FunctionType):
        seen.add(id(value))
        yield from _of_function(value, seen)
    elif isinstance(value, ModuleType):
        yield value.__name__ if _installed(value) else _source(value)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _parts(one, seen)
    elif isinstance(value, set | frozenset):
        yield from sorted(text for one in value for text in _parts(one, seen))
    elif isinstance(value, dict):
        for name, one in value.items():
            yield repr(name)
            yield from _parts(one, seen)
    else:
        yield _of_other(value)


def _of_function(function: FunctionType, seen: set[int]) -> Iterator[str]:
    module = inspect.getmodule(function)
    if module is not None and _installed(module):
        yield f"{module.__name__}.{function.__qualname__}"
        if module.__name__.startswith("thalweg.rules."):  # one file, one rule
            yield _source(module)
        return
    yield from _of_code(function.__code__)
    yield from _parts((function.__defaults__, function.__kwdefaults__), seen)
    for cell in function.__closure__ or ():
        yield from _parts(cell.cell_contents, seen)
    for name in sorted(_names(function.__code__) & function.__globals__.keys()):
        yield name
        yield from _parts(function.__globals__[name], seen)


def _source(module: ModuleType) -> str:
    try:
        return inspect.getsource(module)
    except (OSError, TypeError):  # compiled
        return module.__name__


def _of_code(code: CodeType) -> Iterator[str]:
    yield repr((code.co_code, code.co_names, code.co_varnames, code.co_freevars))
    for one in code.co_consts:
        yield from _of_code(one) if isinstance(one, CodeType) else _parts(one, set())


def _names(code: CodeType) -> set[str]:
    inner = (_names(one) for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*inner)


def _of_other(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    kind = value if isinstance(value, type) else type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(value, type):
        return name
    try:
        return f"{name} {blake2b(pickle.dumps(value)).hexdigest()}"
    except Exception:  # noqa: BLE001 - whatever keeps it from being pickled; its kind must do
        return name


def _installed(module: ModuleType) -> bool:
    """Whether a module is a library's: its version says what is in it, and a race knows that."""
    file = getattr(module, "__file__", None)
    if file is None:
        return module.__name__ != "__main__"
    paths = sysconfig.get_paths()
    places = [Path(paths[name]) for name in ("stdlib", "purelib", "platlib")]
    places.append(Path(__file__).parents[1])
    return any(Path(file).resolve().is_relative_to(place.resolve()) for place in places)


def is_shipped(function: Callable[..., Any]) -> bool:
    """Whether a rule is one of thalweg's, found again by its name."""
    from thalweg import rules

    name = getattr(function, "__name__", "")
    return name in rules.names() and rules.find(name).function is function
