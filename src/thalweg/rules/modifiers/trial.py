"""Trial: a step of a rule with plain numbers, to see what its signature does not say.

A rule takes a number as an array of one element. In a trial all of its states are there and none
is 0, so that whatever passes through one of them shows.
"""

from collections.abc import Mapping
from typing import Any

from thalweg.rules.fading import Step
from thalweg.rules.rule import Rule

STATE = 0.5
"""What every state holds before a trial."""


def trial(rule: Rule, hypers: Mapping[str, Any], param: float = 1.0) -> list[float | None]:
    """The new parameter, the new states and the new carried numbers, far from the first step."""
    values = {**rule.defaults, **hypers}
    values |= {when: values[when] or 0.5 for when in rule.whens if when not in hypers}
    states = [STATE if slot.exists(values) else None for slot in rule.slots]
    count = {"step": Step(1000)} if rule.counts else {}
    found = rule.function(param, 0.375, *states, **values, **rule.starts(values), **count)
    return list(as_tuple(found))


def as_tuple(result: Any) -> tuple[Any, ...]:
    """What a rule returned; one that keeps nothing may return the parameter alone."""
    return result if isinstance(result, tuple) else (result,)  # pyright: ignore[reportUnknownVariableType]
