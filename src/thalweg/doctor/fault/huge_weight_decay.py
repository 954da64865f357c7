"""A weight decay of 1: the weights shrink faster than the gradient can build them."""

import torch

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def inject(case: Case) -> Case:
    """Set weight_decay to 1."""
    return case.changed(weight_decay=1.0)


def unfit(case: Case) -> str:
    """Whether the decay counts in full: decoupled from a small step, 1 is not much."""
    decoupled = issubclass(case.rule, torch.optim.AdamW) if isinstance(case.rule, type) else False
    return "its rule decouples weight decay" if decoupled else ""


fault = Fault(
    "huge-weight-decay",
    "weight decay 1",
    expects=("weight-decay",),
    also=("vanishing-gradients", "dead-units"),
    inject=inject,
    unfit=unfit,
)
