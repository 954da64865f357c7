"""The learning rate is thirty times what it should be."""

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def inject(case: Case) -> Case:
    """Multiply it by 30."""
    return case.changed(lr=case.hypers["lr"] * 30)


fault = Fault(
    "learning-rate-too-large",
    "learning rate × 30",
    expects=("bouncing", "diverging"),
    also=("exploding-gradients", "dead-units", "saturation", "update-ratio"),
    inject=inject,
)
