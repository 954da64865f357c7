"""A schedule meant for epochs is stepped after every batch."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ExponentialLR, LRScheduler

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault

FACTOR = 0.9


def fading(optimizer: Optimizer) -> LRScheduler:
    """Nine tenths of the learning rate remain after each step of the scheduler."""
    return ExponentialLR(optimizer, FACTOR)


def inject(case: Case) -> Case:
    """Step it per batch."""
    return case.changed(schedule=fading, every="step")


fault = Fault(
    "schedule-per-batch",
    "scheduler stepped per batch instead of per epoch",
    expects=("schedule",),
    also=("crawling",),
    inject=inject,
)
