"""Styblinski–Tang: four valleys of three depths; x and y do not know each other."""

from itertools import permutations, product

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Saddle, Surface

# The roots of 4x³ - 32x + 5, where the slope of one coordinate's share is zero.
DEEP, RIDGE, SHALLOW = -2.903534027771177, 0.1567312567803401, 2.746802770990837
SHARE = {DEEP: -39.16616570377141, RIDGE: 0.19561235905535806, SHALLOW: -25.02944665528394}


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of Styblinski and Tang's function."""
    return (x**4 - 16 * x**2 + 5 * x + y**4 - 16 * y**2 + 5 * y) / 2


styblinski_tang = Surface(
    name="styblinski-tang",
    about="Four valleys: one deepest, two half as good, one shallow.",
    formula="(x⁴ - 16x² + 5x + y⁴ - 16y² + 5y) / 2",
    f=f,
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(0.0, 0.0),
    minima=tuple(
        Minimum(x, y, SHARE[x] + SHARE[y], "global" if x == y == DEEP else "local")
        for x, y in product((DEEP, SHALLOW), repeat=2)
    ),
    saddles=tuple(
        Saddle(x, y, SHARE[x] + SHARE[y])
        for valley in (DEEP, SHALLOW)
        for x, y in permutations((valley, RIDGE))
    ),
    source=Source(
        "Styblinski & Tang",
        1990,
        "Experiments in Nonconvex Optimization: Stochastic Approximation with Function Smoothing "
        "and Simulated Annealing",
        venue="Neural Networks 3(4)",
    ),
    # Measured: Adam with lr=0.1 needs 82 steps.
    epochs=200,
)
