"""Asks: what a page may ask for, read from a message that anybody may have written.

Nothing is computed here. What is read can be computed within bounds that are known; what can't be
read is refused with one line, which the page shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from thalweg import rules, tasks
from thalweg.rules import Rule
from thalweg.schedules import Schedule, ramp
from thalweg.serve import field, limit
from thalweg.serve.field import Fields

Hypers = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Catalogue:
    """What is there?"""


@dataclass(frozen=True)
class Surface:
    """What does a surface look like, on so many cells a side?"""

    name: str
    size: int


@dataclass(frozen=True)
class Terrain:
    """What does the loss of a run look like, by its ID?"""

    run: str


@dataclass(frozen=True)
class Runner:
    """A rule with its settings; `noise` is whether its steps see a batch, or all samples."""

    label: str
    rule: str
    hypers: Hypers
    noise: bool = True


@dataclass(frozen=True)
class Tracks:
    """Where do rules go on a surface?"""

    surface: str
    start: tuple[float, float]
    steps: int
    noise: float
    seed: int
    runners: tuple[Runner, ...]


@dataclass(frozen=True)
class Attraction:
    """In which minimum does a rule end, from starts all over a surface?"""

    surface: str
    rule: str
    hypers: Hypers
    size: int
    steps: int = 300


Ask = Catalogue | Surface | Terrain | Tracks | Attraction


def parse(text: str | None) -> Fields:
    """A message as an object.

    Raises:
        ValueError: it is not JSON, or not an object.
    """
    if text is None:
        raise ValueError("a message is text, not bytes")
    try:
        found = json.loads(text, parse_constant=_no_constant, parse_int=_whole)
        return field.named(found, "message")
    except RecursionError as error:
        raise ValueError("the message is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"the message is not JSON: {error.msg}") from error


def number_of(fields: Fields) -> int:
    """The number that the answer is to carry.

    Raises:
        ValueError: it is missing, or not a whole number.
    """
    return field.whole(fields.get("id"), "id", 0, 2**53)


def read(fields: Fields) -> Ask:
    """What a message asks for.

    Args:
        fields: of the message, as `parse` gave it.

    Returns:
        The ask, every name known and every number within its range.

    Raises:
        ValueError: one line: which field, its value, what is allowed.

    Example:
        >>> read({"id": 1, "ask": "surface", "name": "bowl", "size": 11})
        Surface(name='bowl', size=11)
    """
    asked = field.word(fields.get("ask"), "ask", 40)
    if asked not in READERS:
        raise ValueError(f"ask={asked!r} is unknown; there are {', '.join(READERS)}")
    names, reader = READERS[asked]
    field.only(fields, ("id", "ask", *names), asked)
    for name in names:
        if name not in fields and (asked, name) not in OPTIONAL:
            raise ValueError(f"{asked}: {name} is missing; it takes {', '.join(names)}")
    return reader(fields)


def _no_constant(name: str) -> Any:
    raise ValueError(f"the message is not JSON: {name} is no number there")


def _whole(digits: str) -> int:
    # Python refuses those of more than 4300, with advice that is of no use to who sent them.
    if len(digits) > limit.DIGITS:
        raise ValueError(f"the message holds a number of {len(digits)} digits")
    return int(digits)


def _surface_name(value: object, name: str) -> str:
    return tasks.surface(field.word(value, name, 40)).name


def _surface(fields: Fields) -> Surface:
    name = _surface_name(fields["name"], "name")
    return Surface(name, field.whole(fields["size"], "size", 2, limit.SURFACE))


def _terrain(fields: Fields) -> Terrain:
    return Terrain(field.word(fields["run"], "run", 40))


def _tracks(fields: Fields) -> Tracks:
    runners = field.listed(fields["runners"], "runners", 1, limit.RUNNERS)
    return Tracks(
        surface=_surface_name(fields["surface"], "surface"),
        start=field.point(fields["start"], "start", limit.ACROSS),
        steps=field.whole(fields["steps"], "steps", 1, limit.STEPS),
        noise=field.number(fields.get("noise", 0.0), "noise", 0, limit.NOISE),
        seed=field.whole(fields.get("seed", 0), "seed", 0, limit.SEED),
        runners=tuple(_runner(field.named(one, "runner")) for one in runners),
    )


def _runner(fields: Fields) -> Runner:
    field.only(fields, ("label", "rule", "hypers", "noise"), "runner")
    rule = _rule(fields.get("rule"))
    return Runner(
        label=field.word(fields.get("label", rule.title), "label", limit.LABEL),
        rule=rule.name,
        hypers=hypers(rule, fields.get("hypers", {})),
        noise=field.truth(fields.get("noise", True), "noise"),
    )


def _attraction(fields: Fields) -> Attraction:
    rule = _rule(fields["rule"])
    return Attraction(
        surface=_surface_name(fields["surface"], "surface"),
        rule=rule.name,
        hypers=hypers(rule, fields.get("hypers", {})),
        size=field.whole(fields["size"], "size", 2, limit.ATTRACTION),
        steps=field.whole(fields.get("steps", 300), "steps", 1, limit.BASIN_STEPS),
    )


def _rule(value: object) -> Rule:
    return rules.find(field.word(value, "rule", 40))


def hypers(rule: Rule, value: object) -> Hypers:
    """Hyper-parameters: numbers, choices, and ramps of numbers.

    Args:
        rule: whose.
        value: an object by name; a ramp is `{"ramp": [from, to, steps]}`.

    Returns:
        Names and values, sorted, each allowed by the rule.

    Raises:
        ValueError: one line.

    Example:
        >>> hypers(rules.find("sgd"), {"momentum": {"ramp": [0.5, 0.9, 40]}, "lr": 0.01})
        (('lr', 0.01), ('momentum', ramp(0.5, 0.9, steps=40)))
    """
    given = field.named(value, "hypers")
    field.only(given, rule.names, rule.name)
    found = {name: _hyper(rule, name, one) for name, one in sorted(given.items())}
    passing = {name: one for name, one in found.items() if isinstance(one, Schedule)}
    for when in (0, float("inf")):
        values = {name: one.sample(when, 1.0) for name, one in passing.items()}
        rule.check({**rule.defaults, **found, **values}, passing)
    return tuple(found.items())


def _hyper(rule: Rule, name: str, value: object) -> Any:
    if isinstance(value, dict):
        field.only(value, ("ramp",), f"{rule.name}: {name}")
        start, end, steps = field.listed(value.get("ramp"), f"{name} ramp", 3, 3)
        first, last = (field.number(one, name, -limit.NUMBER, limit.NUMBER) for one in (start, end))
        return ramp(first, last, steps=field.whole(steps, f"{name} steps", 1, 10**6))
    if isinstance(value, str | bool | None):
        return field.word(value, name, 40) if isinstance(value, str) else value
    return field.number(value, f"{rule.name}: {name}", -limit.NUMBER, limit.NUMBER)


READERS: dict[str, tuple[tuple[str, ...], Callable[[Fields], Ask]]] = {
    "catalogue": ((), lambda fields: Catalogue()),
    "surface": (("name", "size"), _surface),
    "terrain": (("run",), _terrain),
    "tracks": (("surface", "start", "steps", "noise", "seed", "runners"), _tracks),
    "attraction": (("surface", "rule", "hypers", "size", "steps"), _attraction),
}
OPTIONAL = {
    ("tracks", "noise"),
    ("tracks", "seed"),
    ("attraction", "hypers"),
    ("attraction", "steps"),
}
