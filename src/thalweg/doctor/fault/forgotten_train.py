"""`model.train()` is not called after an evaluation: the rest is trained in eval mode."""

from torch import nn

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def inject(case: Case) -> Case:
    """Leave `model.train()` out of the loop."""
    return case.changed(to_train=False)


def unfit(case: Case) -> str:
    """Whether the mode means anything to the model."""
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.Dropout)
    found = any(isinstance(one, kinds) for one in case.make_model().modules())
    return "" if found else "the model has neither dropout nor batch normalisation"


fault = Fault(
    "forgotten-train",
    "model.train() forgotten",
    expects=("train-eval-gap",),
    also=("diverging",),
    inject=inject,
    unfit=unfit,
)
