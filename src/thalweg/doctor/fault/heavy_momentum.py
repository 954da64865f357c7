"""A momentum of 0.999: the step of now is mostly made of gradients of long ago."""

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def inject(case: Case) -> Case:
    """Set momentum, or beta1, to 0.999."""
    if "momentum" in case.hypers:
        return case.changed(momentum=0.999)
    return case.changed(betas=(0.999, 0.999))


def unfit(case: Case) -> str:
    """Whether there is a momentum to set."""
    return "" if {"momentum", "betas"} & set(case.hypers) else "its rule has no momentum"


fault = Fault(
    "heavy-momentum",
    "momentum 0.999",
    expects=("bouncing", "diverging"),
    also=("exploding-gradients", "dead-units", "saturation", "update-ratio"),
    inject=inject,
    unfit=unfit,
)
