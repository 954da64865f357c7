"""Rules of one's own: found in a file, checked, and sent to the workers.

A job calls such a rule by its name and a digest of what it computes, `my_rule@1f3c5a2b00e8d7c6`,
so that the rule, once changed, makes other jobs. The function itself travels beside the task, as
cloudpickle's bytes, and like the task it is never written to a file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from types import ModuleType
from typing import Any

from thalweg import rules
from thalweg.race.content import digest, is_shipped
from thalweg.race.travel import pickled, unpickled
from thalweg.rules import Rule
from thalweg.rules.modifiers import Modified
from thalweg.tasks.own import kind, read_own

WAY_OUT = "docs/write-your-own-rule.md shows a whole one"

Given = str | Rule | Callable[..., Any]
"""A rule's name, a rule's function, a modified rule, or an optimizer's class."""


def find(rule: Given) -> Rule:
    """The rule that was given.

    Args:
        rule: its name, its place as `path/to/file.py:name`, its function, a modified rule, or an
            optimizer's class.

    Returns:
        The rule.

    Raises:
        ValueError: there is no such rule, or what was given is none; one line says why.

    Example:
        >>> import thalweg
        >>> find(thalweg.cautious("lion")).name
        'cautious_lion'
    """
    if isinstance(rule, Rule):
        return rule
    if isinstance(rule, str):
        return _in_file(rule) if ".py" in rule else rules.find(rule)
    return _read(rule, getattr(rule, "__name__", repr(rule)))


def called(rule: Rule) -> str:
    """How jobs call a rule: a shipped one by its name, any other with a digest.

    >>> called(rules.find("adam"))
    'adam'
    """
    return rule.name if is_shipped(rule.function) else f"{rule.name}@{digest(rule)}"


class Own:
    """The rules of one's own in a race, for another process.

    Args:
        functions: by what jobs call them.
        packed: these as bytes, if they came so.
    """

    def __init__(
        self, functions: Mapping[str, Callable[..., Any]], packed: bytes | None = None
    ) -> None:
        self._functions, self._given = functions, packed

    @classmethod
    def of(cls, found: Iterable[Rule]) -> Own:
        """Those of some rules that are not shipped; nothing is pickled yet."""
        own = {called(r): r.function for r in found if not is_shipped(r.function)}
        return cls(own) if own else NONE

    def find(self, name: str) -> str | Rule:
        """What a job calls so, as `thalweg.train.fit` takes it.

        Raises:
            ValueError: the rule did not come along.
        """
        if "@" not in name:
            return name
        if name not in self._functions:
            raise ValueError(f"{name}: this worker was not given the rule; start the race again")
        return rules.read(self._functions[name])

    def pack(self) -> None:
        """Make sure that they can travel.

        Raises:
            ValueError: a rule holds what can't be sent to another process.
        """
        if self._functions:
            _ = self._packed

    @cached_property
    def _packed(self) -> bytes:
        names = ", ".join(name.partition("@")[0] for name in self._functions)
        way_out = "run in this one with on='here', or let the rule refer to numbers and functions"
        return self._given or pickled(dict(self._functions), names, way_out)

    def __reduce__(self) -> tuple[Any, ...] | str:
        return (_arrived, (self._packed,)) if self._functions else "NONE"


NONE = Own({})
"""No rules of one's own: one for all, so that a task that goes with it is known again."""


@cache
def _arrived(packed: bytes) -> Own:
    """One for equal bytes, so that a process compiles a rule once."""
    return Own(unpickled(packed), packed)


def _in_file(place: str) -> Rule:
    found, module = read_own(place, "rule", _there)
    name = place.rpartition(":")[2]
    if not (callable(found) or isinstance(found, Rule)):
        raise ValueError(
            f"rule {place!r}: {name} is {kind(found)}, not a rule's function; {_there(module)}"
        )
    return found if isinstance(found, Rule) else _read(found, place)


def _read(function: Any, said: str) -> Rule:
    if not callable(function):
        raise ValueError(f"rule {function!r} is neither a name nor a function; {WAY_OUT}")
    if getattr(function, "__name__", "") == "<lambda>":
        raise ValueError(
            "a lambda has no name to race under, and declares no range to search; write the rule "
            f"as a function with def: {WAY_OUT}"
        )
    try:
        return rules.read(function)
    except (TypeError, ValueError, NameError, AttributeError) as error:
        why = " ".join(str(error).split())
        raise ValueError(f"rule {said!r} can't be read: {why}; {WAY_OUT}") from error


def _there(module: ModuleType) -> str:
    """What rules a file has."""
    listed = [name for name, value in vars(module).items() if _is_here(value, module)]
    return f"it has {', '.join(listed)}" if listed else "it has no rule at top level"


def _is_here(value: Any, module: ModuleType) -> bool:
    if isinstance(value, Rule | Modified):
        return True
    if not inspect.isfunction(value) or value.__module__ != module.__name__:
        return False
    return [*inspect.signature(value).parameters][:2] == ["param", "grad"]
