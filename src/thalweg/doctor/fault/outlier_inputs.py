"""Inputs as they came from the sensor: columns of very different size, and a few wild values."""

import torch
from torch import Tensor

from thalweg.doctor.fault.anatomy import needs_floats
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault
from thalweg.tasks.task import Data, Part

DECADES = 4.0
"""Between the smallest column's size and the largest's."""
WILD = 1e-3
"""Share of the values that are a hundred times too large."""


def spoilt(inputs: Tensor, seed: int) -> Tensor:
    """Inputs with columns scaled, and some values wild."""
    drawn = torch.Generator().manual_seed(seed)
    width = inputs.shape[-1]
    sizes = 10 ** (DECADES * (torch.rand(width, generator=drawn) - 0.25))
    wild = torch.rand(inputs.shape, generator=drawn) < WILD
    return inputs * sizes * torch.where(wild, 100.0, 1.0)


def inject(case: Case) -> Case:
    """Spoil the inputs of all parts alike."""
    data = case.data
    parts = (data.train, data.validation, data.test)
    made = (Part(spoilt(one.inputs, case.seed), one.targets) for one in parts)
    return case.changed(data=Data(*made))


fault = Fault(
    "outlier-inputs",
    "unnormalised inputs with outliers",
    expects=("inputs",),
    also=("diverging", "bouncing", "exploding-gradients", "saturation", "dead-units"),
    inject=inject,
    unfit=needs_floats,
)
