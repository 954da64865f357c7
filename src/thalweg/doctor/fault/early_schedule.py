"""A cosine schedule written for a shorter run: most of the steps have no learning rate left."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault

SHARE = 0.15


def inject(case: Case) -> Case:
    """Let the learning rate reach 0 after 15 % of the steps."""
    length = max(1, round(SHARE * case.steps))

    def factor(step: int) -> float:
        return (1 + math.cos(math.pi * min(step / length, 1))) / 2

    def early(optimizer: Optimizer) -> LRScheduler:
        return LambdaLR(optimizer, factor)

    return case.changed(schedule=early, every="step")


fault = Fault(
    "early-schedule",
    "schedule that ends early",
    expects=("schedule",),
    also=("crawling",),
    inject=inject,
)
