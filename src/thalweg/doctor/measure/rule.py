"""Which rule an optimizer follows, its numbers, and what it divides the gradient by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from thalweg.optim import RuleOptimizer
from thalweg.optim.group import flat, resolve
from thalweg.probe.edge import scale
from thalweg.probe.weights import Weights


def name_of(optimizer: Optimizer) -> str:
    """The rule's name as thalweg spells it, for any optimizer.

    >>> name_of(torch.optim.AdamW([torch.zeros(1)]))
    'adamw'
    """
    if isinstance(optimizer, RuleOptimizer):
        return optimizer.rule.name
    decoupled = optimizer.param_groups[0].get("decoupled_weight_decay")
    name = type(optimizer).__name__.lower()
    return "adamw" if name == "adam" and decoupled else name


def hypers_of(optimizer: Optimizer, group: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The numbers of a group, the first one's unless told, as the next step would use them.

    >>> hypers_of(torch.optim.Adam([torch.zeros(1)], lr=0.1))["beta1"]
    0.9
    """
    group = optimizer.param_groups[0] if group is None else group
    if isinstance(optimizer, RuleOptimizer):
        now = resolve(optimizer.rule, dict(group), steps_of(optimizer))
        known = {**flat(optimizer.rule, group), **now}
        return {k: v for k, v in known.items() if isinstance(v, bool | int | float | str)}
    found: dict[str, Any] = {}
    for key, value in group.items():
        if key == "betas":
            found |= {f"beta{place + 1}": float(one) for place, one in enumerate(value)}
        elif isinstance(value, Tensor) and value.numel() == 1:
            found[key] = float(value)
        elif isinstance(value, bool | int | float | str):
            found[key] = value
    return found


def steps_of(optimizer: Optimizer) -> int:
    """Steps taken so far, by the optimizer's own count; 0 where it keeps none."""
    counts = [held["step"] for held in optimizer.state.values() if "step" in held]
    return int(max(map(float, counts), default=0))


def divisor(optimizer: Optimizer, named: Mapping[str, Tensor], weights: Weights) -> Tensor | None:
    """What the rule divides each coordinate of the gradient by, shape (weights,).

    Args:
        optimizer: whose state is read.
        named: the model's parameters by name.
        weights: the map from parameters to the vector.

    Returns:
        The divisor, infinite for coordinates that are not stepped; None where the rule has none,
        or has taken no step.
    """
    rule = name_of(optimizer)
    owner = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    found: dict[str, Tensor] = {}
    some = False
    for block in weights.blocks:
        param = named[block.name]
        held = optimizer.state.get(param, {})
        value = None
        if id(param) in owner and held:
            hypers = hypers_of(optimizer, owner[id(param)])
            value = scale(rule, hypers, held, int(float(held.get("step", 1))))
        some = some or value is not None
        found[block.name] = torch.full_like(param, torch.inf) if value is None else value
    return weights.flat(found) if some else None
