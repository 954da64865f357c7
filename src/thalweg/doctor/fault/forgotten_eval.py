"""`model.eval()` is not called before an evaluation: dropout and batch statistics are in it."""

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault
from thalweg.doctor.fault.forgotten_train import unfit


def inject(case: Case) -> Case:
    """Leave `model.eval()` out of the loop."""
    return case.changed(to_eval=False)


fault = Fault(
    "forgotten-eval",
    "model.eval() forgotten",
    expects=("train-eval-gap",),
    inject=inject,
    unfit=unfit,
)
