"""Rosenbrock: a bent valley; its floor is easy to find and slow to follow."""

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of Rosenbrock's function."""
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


rosenbrock = Surface(
    name="rosenbrock",
    about="A bent valley whose floor is easy to find and slow to follow.",
    formula="(1 - x)² + 100 (y - x²)²",
    f=f,
    domain=((-2.0, 2.0), (-1.0, 3.0)),
    start=(-1.2, 1.0),
    minima=(Minimum(1.0, 1.0, 0.0),),
    saddles=(),
    source=Source(
        "Rosenbrock",
        1960,
        "An Automatic Method for Finding the Greatest or Least Value of a Function",
        venue="The Computer Journal 3(3)",
    ),
    # Measured: Adam with lr=0.1 needs 873 steps.
    epochs=1000,
)
