"""Tanh units whose weights start thirty times too large: they answer ±1 and pass no gradient."""

from torch import nn

from thalweg.doctor.fault.anatomy import BENT, before, hidden, leaves, put
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault

SCALE = 30.0


def saturate(model: nn.Module) -> None:
    """Put tanh in the place of each activation, and scale what feeds it."""
    for layer in {id(one): one for one in before(model, BENT)}.values():
        for param in layer.parameters():
            param.mul_(SCALE)
    for layer in hidden(model):
        if isinstance(layer, nn.RNNBase):
            for param in layer.parameters():
                param.mul_(SCALE)
    for name, one in leaves(model):
        if isinstance(one, BENT):
            put(model, name, nn.Tanh())


def inject(case: Case) -> Case:
    """Saturate each model that is made."""
    return case.rebuilt(saturate)


def unfit(case: Case) -> str:
    """Whether there are activations to saturate."""
    found = any(before(case.make_model(), BENT))
    return "" if found else "the model has no activation module"


fault = Fault(
    "saturating-init",
    "saturating initialisation",
    expects=("saturation",),
    also=("vanishing-gradients", "update-ratio"),
    inject=inject,
    unfit=unfit,
)
