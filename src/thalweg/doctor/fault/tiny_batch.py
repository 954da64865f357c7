"""Two samples a step, with the learning rate of a large batch."""

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def inject(case: Case) -> Case:
    """Take batches of 2."""
    return case.changed(batch=2)


fault = Fault(
    "tiny-batch",
    "batch of 2",
    expects=("noise-limited",),
    also=(
        "train-eval-gap",
        "bouncing",
        "diverging",
        "exploding-gradients",
        "dead-units",
        "saturation",
    ),
    inject=inject,
)
