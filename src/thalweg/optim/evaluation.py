"""Evaluation: the weights to judge a model by, where those that are stepped are others.

A running average of the weights, Schedule-Free's x, ASGD's mean.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from thalweg.engines.storage import Cell
from thalweg.optim import keeping
from thalweg.optim.around import HYPERS
from thalweg.optim.group import flat
from thalweg.rules import Rule


def keeps(rule: Rule, group: Mapping[str, Any]) -> bool:
    """Whether a group has other weights to evaluate than those that are stepped."""
    return rule.averaged is not None or bool(group["average"])


@contextmanager
def swapped(
    rule: Rule, groups: Iterable[Mapping[str, Any]], state: Mapping[Tensor, Mapping[str, Any]]
) -> Iterator[None]:
    """Within, the groups' parameters are the weights to evaluate; then what they were, bit for bit.

    Args:
        rule: whose weights they are.
        groups: those that `keeps` says yes to.
        state: the optimizer's.
    """
    saved: list[tuple[Tensor, Tensor]] = []
    try:
        with torch.no_grad():
            for group in groups:
                for param in dict.fromkeys(group["params"]):
                    new = weights(rule, param, state.get(param, {}), group)
                    saved.append((param, param.detach().clone()))
                    param.copy_(new)
        yield
    finally:
        with torch.no_grad():
            for param, old in saved:
                param.copy_(old)


def weights(rule: Rule, param: Tensor, own: Mapping[str, Any], group: Mapping[str, Any]) -> Tensor:
    """The weights to evaluate in a parameter's place.

    Those that the rule itself means, else the average that `average=` keeps, else the parameter.
    """
    if not own.get("step"):
        return param.detach()  # there is nothing to average yet
    layout = keeping.layout(rule, param, own, group)
    cells: list[Cell | None] = [
        None if kind is None else keeping.cell(param, own, name, kind)
        for name, kind in zip(layout.names, layout.kinds, strict=True)
        if name != "grad"
    ]
    mine, *states, average = (None if cell is None else cell.load() for cell in cells)
    if rule.averaged is not None:
        hypers = {name: value for name, value in flat(rule, group).items() if name not in HYPERS}
        found = rule.averaged(mine, *states, **hypers)
    elif average is not None:
        found = average
    else:
        return param.detach()
    if param.is_complex():
        found = torch.view_as_complex(found.contiguous())
    return found.to(param.dtype)
