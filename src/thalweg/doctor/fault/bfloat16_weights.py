"""Weights in bfloat16, with steps too small to change their eight bits."""

import torch
from torch import Tensor, nn

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault
from thalweg.tasks.task import Data, Part

LESS = 0.1
"""Of the learning rate: sane in float32, where small steps add up."""


def halved(values: Tensor) -> Tensor:
    """Numbers as bfloat16; symbols as they are."""
    return values.bfloat16() if values.is_floating_point() else values


def inject(case: Case) -> Case:
    """Train in bfloat16, with a tenth of the learning rate."""
    loss, data = case.loss, case.data
    parts = (Part(halved(one.inputs), one.targets) for one in (data.train, data.validation))

    def wide(output: Tensor, targets: Tensor) -> Tensor:
        return loss(output.float(), targets)

    def narrow(model: nn.Module) -> None:
        model.to(torch.bfloat16)

    return case.rebuilt(narrow).changed(
        loss=wide, data=Data(*parts, test=data.test), lr=case.hypers["lr"] * LESS
    )


fault = Fault(
    "bfloat16-weights",
    "bfloat16 weights with tiny updates",
    expects=("low-precision",),
    also=("crawling",),
    inject=inject,
)
