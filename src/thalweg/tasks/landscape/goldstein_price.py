"""Goldstein–Price: four hollows in ground that rises a million high."""

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Saddle, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of Goldstein and Price's function."""
    near = 19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2
    far = 18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2
    return (1 + (x + y + 1) ** 2 * near) * (30 + (2 * x - 3 * y) ** 2 * far)


goldstein_price = Surface(
    name="goldstein-price",
    about="Four hollows from 3 to 840 deep in ground that rises to a million.",
    formula=(
        "(1 + (x + y + 1)² (19 - 14x + 3x² - 14y + 6xy + 3y²)) "
        "(30 + (2x - 3y)² (18 - 32x + 12x² + 48y - 36xy + 27y²))"
    ),
    f=f,
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(-1.5, 0.5),
    minima=(
        Minimum(0.0, -1.0, 3.0),
        Minimum(-0.6, -0.4, 30.0, "local"),
        Minimum(1.8, 0.2, 84.0, "local"),
        Minimum(1.2, 0.8, 840.0, "local"),
    ),
    saddles=(
        Saddle(-0.4, -0.6, 35.0),
        Saddle(1.2, -0.2, 99.0),
        Saddle(1.4, 0.6, 980.0),
        Saddle(0.6, 0.4, 990.0),
    ),
    source=Source(
        "Goldstein & Price",
        1971,
        "On Descent from Local Minima",
        venue="Mathematics of Computation 25(115)",
    ),
    # Measured: Adam with lr=0.1 needs 100 steps; SGD with lr=0.01 is thrown out at once.
    epochs=300,
)
