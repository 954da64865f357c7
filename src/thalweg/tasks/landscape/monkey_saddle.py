"""Monkey saddle: a pass with three ways down, where even the curvature is zero.

Two for the legs and one for the tail. A pure monkey saddle, x³ - 3xy², has no lowest point. The
fourth power bends the falling sides up again: the pass is the same, and the valleys end.
"""

import math

from torch import Tensor

from thalweg.tasks.surface import Minimum, Saddle, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of the monkey saddle."""
    return x**3 - 3 * x * y**2 + 0.75 * (x * x + y * y) ** 2


monkey_saddle = Surface(
    name="monkey-saddle",
    about="A pass with three ways down; its middle is so level that even the curvature is zero.",
    formula="x³ - 3xy² + 3/4 (x² + y²)²",
    f=f,
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(1.0, 0.001),
    minima=(
        Minimum(-1.0, 0.0, -0.25),
        Minimum(0.5, math.sqrt(3) / 2, -0.25),
        Minimum(0.5, -math.sqrt(3) / 2, -0.25),
    ),
    saddles=(Saddle(0.0, 0.0, 0.0, ways=3),),
    source=None,
    # Measured: Adam with lr=0.1 needs 51 steps.
    epochs=200,
)
