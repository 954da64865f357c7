"""The features are detached before the head, as by a stray `.detach()` or `no_grad`."""

from typing import Any

from torch import nn

from thalweg.doctor.fault.anatomy import head, needs_hidden
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def detached(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a layer is given, cut off from the graph."""
    return (inputs[0].detach(), *inputs[1:])


def detach(model: nn.Module) -> None:
    """Cut the graph before the last linear layer."""
    head(model)[1].register_forward_pre_hook(detached)


def inject(case: Case) -> Case:
    """Cut it in each model that is made."""
    return case.rebuilt(detach)


fault = Fault(
    "detached-graph",
    "features detached before the head",
    expects=("not-trained",),
    inject=inject,
    unfit=needs_hidden,
)
