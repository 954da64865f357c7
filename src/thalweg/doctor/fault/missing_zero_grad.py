"""Gradients are never cleared: each step goes along the sum of all since the beginning."""

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def inject(case: Case) -> Case:
    """Leave `zero_grad` out of the loop."""
    return case.changed(zero_grad=False)


fault = Fault(
    "missing-zero-grad",
    "zero_grad never called",
    expects=("stale-gradients",),
    also=("diverging", "bouncing"),
    inject=inject,
)
