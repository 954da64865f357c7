"""Inputs were shuffled and targets were not: a target says nothing about its input."""

from dataclasses import replace

import torch

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault
from thalweg.tasks.task import Part


def shuffled(part: Part, seed: int) -> Part:
    """A part whose targets were permuted."""
    order = torch.randperm(len(part), generator=torch.Generator().manual_seed(seed))
    return Part(part.inputs, part.targets[order])


def inject(case: Case) -> Case:
    """Permute the targets of train and validation."""
    train, validation = case.data.train, case.data.validation
    data = replace(
        case.data, train=shuffled(train, case.seed), validation=shuffled(validation, case.seed)
    )
    return case.changed(data=data)


fault = Fault(
    "shuffled-labels",
    "labels shuffled against inputs",
    expects=("wiring",),
    also=("overfitting", "noise-limited", "underfitting"),
    inject=inject,
)
