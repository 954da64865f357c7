"""The space that a rule is searched in, read from its signature.

All axes are walked by factors. A decay is walked by its distance from 1: from 0.9 to 0.99 is as far
as from 0.99 to 0.999. A learning rate beside a momentum that sums is walked as the effective one,
lr / (1 − momentum), for a step that is ten times longer should not need a learning rate of its own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from thalweg.rules import Rule
from thalweg.rules.rule import Hyper
from thalweg.schedules import Schedule

Range = tuple[float, float]

# The more points, the more axes: a plane can't be searched with six points.
AXES = ((10, 1), (25, 2), (64, 3))
MOST = 5

# Which dimension of the design an axis takes: the same for all rules, so that they share quantiles.
PLACES = (("lr",), ("momentum", "beta1"), ("weight_decay",), ("eps",), ("beta2",))

AROUND = 100.0  # a range that is not declared goes from a hundredth of the default to a hundredfold
DECAYS = 10.0  # and of 1 − decay, from a tenth to tenfold, but not above one half
HALF = 0.5


@dataclass(frozen=True)
class Walk:
    """One searched hyper-parameter.

    Attributes:
        name: as the rule calls it.
        low: lower end of what is walked.
        high: upper end of it.
        place: its dimension in the design.
        way: what is walked: the value, 1 minus it, or lr / (1 − momentum).
        least: below it, or at it, there is nothing that the rule takes.
        most: the same above.
    """

    name: str
    low: float
    high: float
    place: int
    way: Literal["value", "complement", "effective"] = "value"
    least: float = 0.0
    most: float = math.inf

    @property
    def closed(self) -> list[Literal["low", "high"]]:
        """The ends at which the rule's own range ends."""
        found: list[Literal["low", "high"]] = ["low"] if 0 < self.low <= self.least else []
        return [*found, "high"] if self.high >= self.most else found

    @property
    def says(self) -> str:
        """What is walked, as a formula."""
        return {
            "value": self.name,
            "complement": f"1 − {self.name}",
            "effective": f"{self.name} / (1 − momentum)",
        }[self.way]

    def at(self, quantile: float) -> float:
        """What is walked, at a quantile in [0, 1] of its range.

        >>> Walk("lr", 1e-4, 1e-2, 0).at(0.5)
        0.001
        """
        return math.exp(math.log(self.low) + quantile * (math.log(self.high) - math.log(self.low)))

    def where(self, value: float) -> float:
        """The quantile at which a value lies; below 0 or above 1 outside of the range.

        >>> Walk("lr", 1e-4, 1e-2, 0).where(1e-3)
        0.5
        """
        if value <= 0:
            return -math.inf
        return math.log(value / self.low) / math.log(self.high / self.low)

    def beyond(self, side: Literal["low", "high"]) -> Walk:
        """The tenfold next to this range, on one side, as far as the rule takes it."""
        if side == "low":
            return replace(self, low=max(self.low / 10, self.least), high=self.low)
        return replace(self, low=self.high, high=min(10 * self.high, self.most))

    def joined(self, other: Walk) -> Walk:
        """The range that holds both."""
        return replace(self, low=min(self.low, other.low), high=max(self.high, other.high))


def walks(
    rule: Rule,
    values: Mapping[str, Any],
    points: int,
    *,
    stated: Collection[str] = (),
    ranges: Mapping[str, Range] | None = None,
) -> list[Walk]:
    """The axes that a rule is searched along.

    Args:
        rule: whose.
        values: every hyper-parameter, as the search begins.
        points: of the search; below 10 of them the learning rate alone is searched, below 25 the
            momentum or beta1 too, below 64 also the weight decay (of rules that have one) or eps.
        stated: the names of those that are not searched.
        ranges: from where to where, by name, instead of what the signature says.

    Returns:
        One for each searched hyper-parameter; none for a single point, which is the default.

    Raises:
        ValueError: a range that is empty, out of bounds, or of something that can't be searched.

    Example:
        >>> from thalweg import rules
        >>> adam = rules.find("adam")
        >>> [(w.says, w.low, w.high) for w in walks(adam, adam.defaults, points=16)]
        [('lr', 1e-05, 0.1), ('1 − beta1', 0.01, 0.5)]
    """
    ranges = ranges or {}
    _check(rule, stated, ranges)
    if points < 2:
        return []
    most = next((count for below, count in AXES if points < below), MOST)
    found: list[Walk] = []
    for place, names in enumerate(PLACES):
        for name in names:
            if name not in rule.hypers or name in stated:
                continue
            if name in ranges or (len(found) < most and _is_on(name, values)):
                found.append(_walk(rule, name, values, place, ranges.get(name)))
    return found


def settings(rule: Rule, begins: Mapping[str, Any], walked: Mapping[Walk, float]) -> dict[str, Any]:
    """The hyper-parameters of a point.

    Args:
        rule: whose.
        begins: the settings that the search begins with.
        walked: what is walked, for each axis.

    Returns:
        What to build the rule with; what is not in it is at the rule's default.
    """
    found = dict(begins)
    for walk, value in walked.items():
        found[walk.name] = 1 - value if walk.way == "complement" else value
    for walk, value in walked.items():
        if walk.way == "effective":
            found[walk.name] = value * (1 - momentum({**rule.defaults, **found}))
    return found


def place(rule: Rule, hypers: Mapping[str, Any], walk: Walk) -> float:
    """Where settings lie on an axis: the inverse of `settings`."""
    values = {**rule.defaults, **hypers}
    value = float(values[walk.name])
    if walk.way == "complement":
        return 1 - value
    return value / (1 - momentum(values)) if walk.way == "effective" else value


def momentum(values: Mapping[str, Any]) -> float:
    """The momentum that the learning rate is held against; a schedule counts by its end."""
    found = values.get("momentum") or 0.0
    if isinstance(found, Schedule):
        found = found.sample(found.length, 0.0) if math.isfinite(found.length) else found(0.0)
    return float(found) if found < 1 else 0.0


def _is_on(name: str, values: Mapping[str, Any]) -> bool:
    """Whether it does anything: a momentum or a weight decay of 0 stays off."""
    return isinstance(values[name], float | int) and values[name] > 0


def _walk(
    rule: Rule, name: str, values: Mapping[str, Any], place: int, given: Range | None
) -> Walk:
    hyper = rule.hypers[name]
    if name in rule.decays or name == "momentum":
        least, most = _bounds(hyper)
        ends = {"least": max(0.0, 1 - most), "most": min(1.0, 1 - least)}
        if given is not None:  # as one says it: momentum from 0.5 to 0.99
            return Walk(name, 1 - given[1], 1 - given[0], place, "complement", **ends)
        distance = 1 - (values[name] or 0.9)
        low, high = distance / DECAYS, min(distance * DECAYS, HALF)
        return Walk(name, low, high, place, "complement", **ends)
    sums = "momentum" in rule.hypers and values.get("form", "sum") != "average"
    way = "effective" if name == "lr" and sums and values["momentum"] else "value"
    low, high = given or _declared(hyper, values[name])
    least, most = _bounds(hyper)
    return Walk(name, low, high, place, way, least, most)


def _bounds(hyper: Hyper) -> Range:
    """From where to where the rule takes it."""
    return (0.0, math.inf) if hyper.range is None else (hyper.range.low, hyper.range.high)


def _declared(hyper: Hyper, value: float) -> Range:
    if hyper.range is not None and hyper.range.search is not None:
        return hyper.range.search
    return value / AROUND, value * AROUND


def _check(rule: Rule, stated: Collection[str], ranges: Mapping[str, Range]) -> None:
    searchable = [name for names in PLACES for name in names if name in rule.hypers]
    for name, (low, high) in ranges.items():
        said = f"{rule.name}: the range of {name}, {low:g} to {high:g},"
        if name not in searchable:
            there = ", ".join(searchable)
            raise ValueError(f"{rule.name}: {name} can't be searched; there are {there}")
        if name in stated:
            raise ValueError(f"{said} can't be searched, for {name} is stated; leave one out")
        if not 0 <= low < high:
            raise ValueError(f"{said} is empty; say the lower end first, such as 1e-4 to 1e-1")
        decay = name in rule.decays or name == "momentum"
        if decay and high >= 1:
            raise ValueError(f"{said} reaches 1, where nothing is forgotten; 0.5 to 0.99 is usual")
        if not decay and low == 0:
            raise ValueError(f"{said} begins at 0, which factors never reach; 1e-4 is usual")
        for end in (low, high):
            why = rule.hypers[name].refuse(end)
            if why:
                raise ValueError(f"{rule.name}: {name}={why}")


def quantiles(walks: Sequence[Walk], row: Sequence[float]) -> dict[Walk, float]:
    """What is walked at a row of the design: each axis takes the dimension of its place."""
    return {walk: walk.at(row[walk.place]) for walk in walks}
