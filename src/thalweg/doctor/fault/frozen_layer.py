"""A layer before the head asks for no gradient, as after a fine-tuning that was never undone."""

from torch import nn

from thalweg.doctor.fault.anatomy import hidden, needs_hidden
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def freeze(model: nn.Module) -> None:
    """Freeze the last hidden layer."""
    hidden(model)[-1].requires_grad_(False)


def inject(case: Case) -> Case:
    """Freeze it in each model that is made."""
    return case.rebuilt(freeze)


fault = Fault(
    "frozen-layer",
    "a hidden layer frozen",
    expects=("not-trained",),
    inject=inject,
    unfit=needs_hidden,
)
