"""Himmelblau: four equally deep valleys, so that where a run ends says how it moved."""

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Saddle, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of Himmelblau's function."""
    return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2


himmelblau = Surface(
    name="himmelblau",
    about="Four valleys, equally deep.",
    formula="(x² + y - 11)² + (x + y² - 7)²",
    f=f,
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(0.0, 0.0),
    minima=(
        Minimum(3.0, 2.0, 0.0),
        Minimum(3.5844283403304917, -1.8481265269644036, 0.0),
        Minimum(-3.779310253377747, -3.2831859912861696, 0.0),
        Minimum(-2.805118086952745, 3.131312518250573, 0.0),
    ),
    saddles=(
        Saddle(3.385154183607021, 0.07385187983774928, 13.311926270405587),
        Saddle(0.08667750455539634, 2.884254701174776, 67.71915008752613),
        Saddle(-3.0730257507643897, -0.08135304428796751, 104.01516291755811),
        Saddle(-0.12796134673068005, -1.9537149802445766, 178.33723920192745),
    ),
    source=Source("Himmelblau", 1972, "Applied Nonlinear Programming", venue="McGraw-Hill"),
    # Measured: Adam with lr=0.1 needs 138 steps.
    epochs=300,
)
