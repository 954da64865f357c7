"""An entry: who takes part in a race, and what of it is stated and what is searched."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from thalweg.race import own
from thalweg.race.own import Given
from thalweg.race.space import Range
from thalweg.rules import Rule


@dataclass(frozen=True)
class Entry:
    """One contestant.

    Attributes:
        label: names it in tables and legends.
        rule: the rule's name; its place, `path/to/file.py:name`; its function; or a modified rule.
        hypers: what is stated, and so not searched; schedules too.
        full: every step sees all training data.
        begins: where the default stands instead of the rule's own; searched all the same.
        ranges: from where to where a hyper-parameter is searched, instead of what the rule says.
        draw: entries of the same draw are searched at the same quantiles.

    Example:
        >>> Entry("Adam, no memory", "adam", {"beta1": 0.0}).key
        'adam-no-memory'
    """

    label: str
    rule: Given
    hypers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    begins: Mapping[str, Any] = field(default_factory=dict[str, Any])
    full: bool = False
    ranges: Mapping[str, Range] = field(default_factory=dict[str, Range])
    draw: int = 0

    def __post_init__(self) -> None:
        found = self.found
        unknown = [n for n in [*self.hypers, *self.begins] if n not in found.hypers]
        if unknown:
            raise ValueError(
                f"{found.name}: has no {unknown[0]!r}; it has {', '.join(found.hypers)}"
            )

    @property
    def key(self) -> str:
        """A short, plain name."""
        return re.sub(r"[^a-z0-9]+", "-", self.label.lower()).strip("-") or "entry"

    @cached_property
    def found(self) -> Rule:
        """The rule."""
        return own.find(self.rule)

    @cached_property
    def called(self) -> str:
        """How jobs call the rule: another name for another content."""
        return own.called(self.found)

    @property
    def default(self) -> dict[str, Any]:
        """The settings to begin with; what they leave out is the rule's default."""
        return {**self.begins, **self.hypers}

    @property
    def values(self) -> dict[str, Any]:
        """Every hyper-parameter, as the search begins."""
        return {**self.found.defaults, **self.default}


KNOWN = {
    "gradient-descent": Entry("Gradient descent", "sgd", full=True),
    "sgd": Entry("SGD", "sgd"),
    "momentum": Entry("SGD with momentum", "sgd", begins={"momentum": 0.9}),
    "nesterov": Entry(
        "SGD with Nesterov momentum", "sgd", {"nesterov": True}, begins={"momentum": 0.9}
    ),
}
"""What people call by a name of its own, though it is a setting of a rule."""


def entries(
    asked: Sequence[Given | Entry],
    stated: Mapping[str, Mapping[str, Any]] | None = None,
    ranges: Mapping[str, Mapping[str, Range]] | None = None,
) -> list[Entry]:
    """The contestants of a race.

    Args:
        asked: names of rules or of `KNOWN`, "name=rule" to call one otherwise, rules of one's own,
            or entries.
        stated: hyper-parameters by contestant, as it was asked for, which are not searched.
        ranges: ranges of the search, by contestant.

    Returns:
        One for each, no two of one key.

    Raises:
        ValueError: an unknown rule, hyper-parameter or contestant, or one asked for twice.

    Example:
        >>> [one.label for one in entries(["sgd", "adam", "other=adam"])]
        ['SGD', 'Adam', 'other']
    """
    stated, ranges = dict(stated or {}), dict(ranges or {})
    if not asked:
        raise ValueError("a race needs somebody to run: give rules, such as sgd,momentum,adam")
    found: list[Entry] = []
    names: list[str] = []
    for one in asked:
        entry, name = _taken(one)
        given = {**entry.hypers, **stated.pop(name, {})}
        spans = {**entry.ranges, **ranges.pop(name, {})}
        found.append(replace(entry, hypers=given, ranges=spans))
        names.append(name)
    for name in [*stated, *ranges]:
        raise ValueError(f"{name!r} is not in this race; there are {', '.join(names)}")
    keys = [entry.key for entry in found]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(
                f"{key!r} is in this race twice; give one a name of its own, as in other={key}"
            )
    return found


def _taken(one: Given | Entry) -> tuple[Entry, str]:
    """An entry, and the name that it was asked for by."""
    if isinstance(one, Entry):
        return one, one.key
    if isinstance(one, str):
        return _read(one)
    found = own.find(one)
    return Entry(found.title, found), found.name


def _read(text: str) -> tuple[Entry, str]:
    label, equals, name = text.rpartition("=")
    name = name.strip()
    if equals and not label.strip():
        raise ValueError(f"{text!r} has no name before =; other=adam is an example")
    if name in KNOWN:
        known = KNOWN[name]
    else:
        found = own.find(name)
        known = Entry(found.title, found if ".py" in name else name)
        name = found.name
    label = label.strip()
    return (replace(known, label=label), label) if equals else (known, name)
