"""A parameter group, as torch writes it and as a rule reads it.

Torch takes betas and the like in a tuple and schedulers write numbers into the group; a rule wants
plain floats. Schedules live beside the numbers, under "schedules", and write the current value of
each into the group at every step, where loggers look for it. A group may have an "lr_factor" of its
own: whatever sets its lr, the rule receives lr times that.
"""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import torch

from thalweg.rules import Rule
from thalweg.schedules import Schedule

FLAGS: dict[str, Any] = {
    "foreach": None,
    "maximize": False,
    "capturable": False,
    "differentiable": False,
    "fused": None,
}
"""What torch's optimizers take besides hyper-parameters, and their defaults."""


def arguments(rule: Rule) -> dict[str, Any]:
    """The rule's hyper-parameters under torch's names, in torch's order, with their defaults."""
    return spelled(rule, rule.defaults)


def spelled(rule: Rule, values: Mapping[str, Any]) -> dict[str, Any]:
    """Hyper-parameters under torch's names; those that torch takes together as tuples."""
    found: dict[str, Any] = {}
    for name in rule.hypers:
        together, place = rule.places[name]
        if place is None:
            found[name] = values[name]
        else:
            found[together] = tuple(values[n] for n in rule.tuples[together])
    return found


def flat(rule: Rule, group: Mapping[str, Any]) -> dict[str, Any]:
    """The rule's own hyper-parameters out of a group: tuples apart, no tensors, lr factored."""
    found = {}
    for name, (key, place) in rule.places.items():
        value = group[key] if place is None else group[key][place]
        if value.__class__ not in _PLAIN and isinstance(value, (torch.Tensor, Real)):
            value = float(value)  # NumPy's numbers too, which would speak for arrays
        found[name] = value
    # Here, so that a state which starts at lr starts at what the first step will use. Schedulers
    # write lr and loggers read it, so the factor never stands in the group's own.
    if "lr_factor" in group:
        found["lr"] *= group["lr_factor"]
    return found


_PLAIN = (float, bool, int, str, type(None))


def adopt(rule: Rule, group: dict[str, Any]) -> None:
    """Check a new group's hyper-parameters and put its schedules aside.

    Raises:
        ValueError: one line that names the rule, the value, the range and the way out.
    """
    for together, apart in rule.tuples.items():
        given = group[together]
        if not isinstance(given, (tuple, list)) or len(given) != len(apart):
            raise ValueError(
                f"{rule.name}: {together}={given!r} is not {len(apart)} numbers; "
                f"{arguments(rule)[together]} is usual"
            )
        group[together] = tuple(given)
    for name, (key, place) in rule.places.items():
        value = group[key] if place is None else None
        if isinstance(value, torch.Tensor) and value.numel() != 1:
            raise ValueError(
                f"{rule.name}: {name} is a tensor of {value.numel()} numbers; give one number"
            )
    if "lr_factor" in group:
        _refuse_factor(rule, group["lr_factor"])
    values = flat(rule, {k: v for k, v in group.items() if k != "lr_factor"})
    schedules = {n: v for n, v in values.items() if isinstance(v, Schedule)}
    for name, schedule in schedules.items():
        if rule.hypers[name].range is None:
            raise ValueError(f"{rule.name}: {name} can't be a schedule; it is not a number")
        if schedule.hold and ("momentum" not in name or values.get("form") == "average"):
            raise ValueError(
                f"{rule.name}: {name} holds the effective step, but has no gain to hold; "
                'hold="effective_lr" is for momentum in the "sum" and "velocity" forms'
            )
    for sample in (0, 1, 10, 1000):
        values |= {n: _sample(s, sample) for n, s in schedules.items()}
        # A schedule may pass through 0 where a constant may not: Nesterov's momentum from 0 up.
        rule.check(values, passing=schedules)
    if schedules:
        group["schedules"] = {**group.get("schedules", {}), **schedules}
        write(rule, group, {n: _sample(s, 0) for n, s in schedules.items()})


def _refuse_factor(rule: Rule, factor: Any) -> None:
    if "lr" not in rule.hypers:
        raise ValueError(f"{rule.name}: lr_factor={factor!r} has no lr to multiply; leave it out")
    number = isinstance(factor, Real) and not isinstance(factor, bool)
    if not number or not 0 <= float(factor) < math.inf:
        raise ValueError(f"{rule.name}: lr_factor={factor!r} is outside [0, inf); 1 is usual")


def _sample(schedule: Schedule, step: int) -> float:
    return schedule.at(step, steps_per_epoch=100)


def write(rule: Rule, group: dict[str, Any], values: Mapping[str, float]) -> None:
    """Put current values into the group, under torch's names."""
    for name, value in values.items():
        key, place = rule.places[name]
        if place is None:
            group[key] = value
        else:
            group[key] = (*group[key][:place], value, *group[key][place + 1 :])


def resolve(rule: Rule, group: dict[str, Any], clock: int) -> dict[str, Any]:
    """The rule's hyper-parameters for the step after `clock` steps: schedules and factor applied.

    Raises:
        ValueError: a schedule counts epochs and nobody said how many steps an epoch has; or
            something else writes to a hyper-parameter that has a schedule.
    """
    schedules: Mapping[str, Schedule] = group.get("schedules", {})
    if not schedules:
        values = flat(rule, group)
        _refuse_schedules(rule, values)
        return values
    if "lr" in schedules and "initial_lr" in group:
        raise ValueError(
            f"{rule.name}: lr has a schedule of its own and a torch lr_scheduler; keep one"
        )
    per_epoch = group.get("steps_per_epoch")
    now = {}
    for name, schedule in schedules.items():
        if schedule.unit == "epochs" and not per_epoch:
            raise ValueError(
                f"{rule.name}: {name} is a schedule in epochs; say how many steps an epoch has: "
                f"{rule.title}(..., steps_per_epoch=len(loader))"
            )
        now[name] = schedule.at(clock, per_epoch)
    # Distributed checkpoints set lr to 0 for a step that must not move anything.
    frozen = "lr" in now and not group["lr"] and schedules["lr"].at(max(clock - 1, 0), per_epoch)
    write(rule, group, now)
    values = flat(rule, group)
    _refuse_schedules(rule, values)
    for schedule in schedules.values():
        values["lr"] *= schedule.lr_factor(clock, per_epoch)
    return {**values, "lr": 0.0} if frozen else values


def _refuse_schedules(rule: Rule, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if value.__class__ not in _PLAIN and isinstance(value, Schedule):
            raise ValueError(
                f"{rule.name}: {name} in a parameter group is a schedule; put it into "
                f"group['schedules'][{name!r}], or give it to {rule.title}(...)"
            )
