"""One sample in a hundred holds a NaN."""

from dataclasses import replace

import torch
from torch import Tensor

from thalweg.doctor.fault.anatomy import needs_floats
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault
from thalweg.tasks.task import Part

SHARE = 0.01


def holed(inputs: Tensor, seed: int) -> Tensor:
    """Inputs in which the first value of some rows is NaN."""
    drawn = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(inputs), generator=drawn)[: max(1, round(SHARE * len(inputs)))]
    made = inputs.clone()
    made.view(len(made), -1)[rows, 0] = torch.nan
    return made


def inject(case: Case) -> Case:
    """Put them into the training part."""
    train = case.data.train
    part = Part(holed(train.inputs, case.seed), train.targets)
    return case.changed(data=replace(case.data, train=part))


fault = Fault(
    "nan-inputs",
    "NaN in the data",
    expects=("diverging",),
    also=("inputs", "wiring"),
    inject=inject,
    unfit=needs_floats,
)
