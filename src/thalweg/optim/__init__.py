"""Optimizers: a torch.optim.Optimizer made of a rule, its schedules and its engines."""

from collections.abc import Callable, Iterable
from typing import Any

from thalweg.optim.groups import Groups, groups
from thalweg.optim.make import optimizer
from thalweg.optim.plan import Plan, Row
from thalweg.optim.rule_optimizer import RuleOptimizer

__all__ = ["Groups", "Plan", "Row", "RuleOptimizer", "build", "groups", "optimizer"]


def build(rule: str | Callable[..., Any], params: Iterable[Any], **settings: Any) -> RuleOptimizer:
    """An optimizer by its rule, with the rule's own names for its numbers.

    Args:
        rule: such as "adam"; see `thalweg.rules.names()`. Or whatever `optimizer` takes.
        params: as for any optimizer.
        **settings: the rule's hyper-parameters, `beta1=` and `beta2=` or torch's `betas=`, and
            whatever the class takes.

    Raises:
        ValueError: no such rule, or a value outside its range.
        TypeError: no such setting.

    Example:
        >>> import torch, thalweg
        >>> opt = thalweg.optim.build("adam", [torch.nn.Parameter(torch.ones(2))], beta1=0.8)
        >>> opt.param_groups[0]["betas"]
        (0.8, 0.999)
    """
    kind = optimizer(rule)
    values = kind.rule.values(dialect=settings.get("dialect"), preset=settings.get("preset"))
    for together, names in kind.rule.tuples.items():
        apart = {name: settings.pop(name) for name in names if name in settings}
        if apart and together in settings:
            raise TypeError(
                f"{kind.rule.name}: give {together}=(…) or {', '.join(apart)}, not both"
            )
        if apart:
            settings[together] = tuple(apart.get(name, values[name]) for name in names)
    return kind(params, **settings)
