"""Ravine: a straight valley a hundred times steeper across than along, at 30° to the axes.

The angle matters. Along the axes, a rule that scales each coordinate by itself would undo the
ravine at once and look better than it is.
"""

import math

from torch import Tensor

from thalweg.tasks.surface import Minimum, Surface

COS, SIN = math.sqrt(3) / 2, 1 / 2


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of the ravine."""
    along = COS * x + SIN * y
    across = COS * y - SIN * x
    return (along * along + 100 * across * across) / 2


ravine = Surface(
    name="ravine",
    about="A straight valley, a hundred times steeper across than along, not along the axes.",
    formula="(u² + 100 v²) / 2,  u = x cos 30° + y sin 30°,  v = y cos 30° - x sin 30°",
    f=f,
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(-1.5, -0.5),
    minima=(Minimum(0.0, 0.0, 0.0),),
    saddles=(),
    source=None,
    # Measured: Adam with lr=0.1 needs 136 steps.
    epochs=300,
)
