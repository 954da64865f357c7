"""Beale: a flat plain with steep corners; gradients differ by a factor of a million."""

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Saddle, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of Beale's function."""
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


beale = Surface(
    name="beale",
    about="A flat plain with steep corners.",
    formula="(1.5 - x + xy)² + (2.25 - x + xy²)² + (2.625 - x + xy³)²",
    f=f,
    domain=((-4.5, 4.5), (-4.5, 4.5)),
    start=(1.0, 1.5),
    minima=(Minimum(3.0, 0.5, 0.0),),
    saddles=(
        Saddle(0.0, 1.0, 14.203125),
        Saddle(0.10053793732415846, -2.644513585023124, 9.86451228475556),
    ),
    source=Source(
        "Beale",
        1958,
        "On an Iterative Method for Finding a Local Minimum of a Function of More than One "
        "Variable",
        venue="Technical Report 25, Princeton University",
    ),
    # Measured: Adam with lr=0.1 needs 377 steps.
    epochs=500,
)
