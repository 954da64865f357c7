"""A deep stack of narrow sigmoid layers before the head: hardly any gradient comes through."""

from torch import nn

from thalweg.doctor.fault.anatomy import head, needs_hidden, put
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault

LAYERS = 8


def deepen(model: nn.Module) -> None:
    """Put the stack before the last linear layer."""
    name, last = head(model)
    width = last.in_features
    stack = [part for _ in range(LAYERS) for part in (nn.Linear(width, width), nn.Sigmoid())]
    put(model, name, nn.Sequential(*stack, last))


def inject(case: Case) -> Case:
    """Deepen each model that is made."""
    return case.rebuilt(deepen)


fault = Fault(
    "vanishing-depth",
    "vanishing depth",
    expects=("vanishing-gradients",),
    also=("saturation", "update-ratio"),
    inject=inject,
    unfit=needs_hidden,
)
