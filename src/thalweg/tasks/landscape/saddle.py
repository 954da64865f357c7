"""Saddle: level ground at the origin with a valley to each side.

A pure saddle, x² against y², has no lowest point, so no run on it could ever be solved. The
quartic bends the falling side up again: the pass is the same, and the valleys end.
"""

from torch import Tensor

from thalweg.tasks.surface import Minimum, Saddle, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of the saddle."""
    return x**4 / 4 - x * x / 2 + y * y / 2


saddle = Surface(
    name="saddle",
    about="A pass between two equal valleys; the start lies almost on the line that leads to it.",
    formula="x⁴/4 - x²/2 + y²/2",
    f=f,
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(0.001, 1.5),
    minima=(Minimum(-1.0, 0.0, -0.25), Minimum(1.0, 0.0, -0.25)),
    saddles=(Saddle(0.0, 0.0, 0.0),),
    source=None,
    # Measured: Adam with lr=0.1 needs 43 steps.
    epochs=200,
)
