"""The learning rate is a thousandth of what it should be."""

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def inject(case: Case) -> Case:
    """Divide it by 1,000."""
    return case.changed(lr=case.hypers["lr"] * 1e-3)


fault = Fault(
    "learning-rate-too-small", "learning rate × 1e-3", expects=("crawling",), inject=inject
)
