"""The optimizer of a run: that of a rule, or any that a function makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from thalweg import optim, rules
from thalweg.optim.group import flat, resolve
from thalweg.schedules import Schedule
from thalweg.train.plan import Rule


@dataclass(frozen=True)
class Made:
    """An optimizer and how the record speaks of it.

    Attributes:
        optimizer: ready to step.
        rule: its rule's name, or "torch.SGD" and the like.
        hypers: plain data, defaults included.
    """

    optimizer: Optimizer
    rule: str
    hypers: dict[str, Any]


def make(
    rule: Rule,
    hypers: Mapping[str, Any],
    params: Sequence[Tensor],
    *,
    steps_per_epoch: int,
    engine: str,
) -> Made:
    """Make the optimizer.

    Args:
        rule: a rule or its name, or a function from parameters to an optimizer.
        hypers: for a rule.
        params: what it moves.
        steps_per_epoch: for schedules stated in epochs.
        engine: for a rule.

    Returns:
        The optimizer, its rule's name and all its hyper-parameters.

    Raises:
        ValueError: no such rule, or a hyper-parameter out of range.
        TypeError: an unknown hyper-parameter, or the function made something else.
    """
    if isinstance(rule, str | rules.Rule):
        known = rule if isinstance(rule, str) else rule.function
        made = optim.build(known, params, engine=engine, steps_per_epoch=steps_per_epoch, **hypers)
        group = made.param_groups[0]
        return Made(
            made, made.rule.name, plain({**flat(made.rule, group), **group.get("schedules", {})})
        )
    made = rule(params)
    if not isinstance(made, Optimizer):
        raise TypeError(f"rule: {rule!r} made a {type(made).__name__}, not a torch optimizer")
    name = type(made).__name__
    name = f"torch.{name}" if type(made).__module__.startswith("torch.") else name
    return Made(made, name, plain(made.defaults))


def plain(hypers: Mapping[str, Any]) -> dict[str, Any]:
    """Hyper-parameters as data that JSON and a checkpoint can hold.

    Example:
        >>> plain({"lr": 0.1, "betas": (0.9, 0.999), "fused": None})
        {'lr': 0.1, 'betas': [0.9, 0.999], 'fused': None}
    """
    return {name: _plain(value) for name, value in hypers.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return value.to_dict() if value.is_data else repr(value)
    if isinstance(value, Tensor):
        return value.item() if value.numel() == 1 else value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def in_use(optimizer: Optimizer, step: int) -> tuple[float | None, float | None]:
    """The learning rate and the momentum of a step, in the first group.

    Args:
        optimizer: whose.
        step: the last step done.

    Returns:
        lr, and momentum or, for the rules that call it so, beta1; None where there is none.
    """
    group: Mapping[str, Any] = optimizer.param_groups[0]
    if isinstance(optimizer, optim.RuleOptimizer):
        # As the step had them: a schedule that holds the effective lr scales lr on its way.
        group = resolve(optimizer.rule, optimizer.param_groups[0], max(step - 1, 0))
    betas = group.get("betas") or (None,)
    return _number(group.get("lr")), _number(group.get("momentum", group.get("beta1", betas[0])))


def _number(value: Any) -> float | None:
    value = _plain(value)
    return float(value) if isinstance(value, int | float) else None
