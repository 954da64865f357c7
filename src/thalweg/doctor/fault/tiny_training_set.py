"""A training part of 32 samples, soon known by heart."""

from dataclasses import replace

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault
from thalweg.tasks.task import Part

SAMPLES = 32


def inject(case: Case) -> Case:
    """Keep the first 32 samples."""
    train = case.data.train
    part = Part(train.inputs[:SAMPLES], train.targets[:SAMPLES])
    return case.changed(data=replace(case.data, train=part))


fault = Fault("tiny-training-set", "tiny training set", expects=("overfitting",), inject=inject)
