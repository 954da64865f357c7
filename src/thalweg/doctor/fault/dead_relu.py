"""Nine in ten units start so far below zero that no sample wakes them."""

import torch
from torch import nn

from thalweg.doctor.fault.anatomy import RECTIFIED, before
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault

SHARE = 0.9
LOW = -10.0


def kill(model: nn.Module) -> None:
    """Lower the biases before each ReLU and its like."""
    for layer in before(model, RECTIFIED):
        bias = layer.bias
        assert isinstance(bias, torch.Tensor)
        bias[: round(SHARE * len(bias))] = LOW


def inject(case: Case) -> Case:
    """Kill them in each model that is made."""
    return case.rebuilt(kill)


def unfit(case: Case) -> str:
    """Whether there are units that can die."""
    found = any(before(case.make_model(), RECTIFIED))
    return "" if found else "the model has no ReLU or GELU"


fault = Fault(
    "dead-relu",
    "dead-ReLU initialisation",
    expects=("dead-units",),
    also=("vanishing-gradients", "not-trained"),
    inject=inject,
    unfit=unfit,
)
