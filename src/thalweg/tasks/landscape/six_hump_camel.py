"""Six-hump camel: two deep valleys, four shallow ones and the passes between them."""

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Saddle, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of the six-hump camel."""
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2


six_hump_camel = Surface(
    name="six-hump-camel",
    about="Two deep valleys, two shallow ones and two high ones.",
    formula="(4 - 2.1 x² + x⁴/3) x² + xy + (4y² - 4) y²",
    f=f,
    domain=((-3.0, 3.0), (-2.0, 2.0)),
    start=(-2.0, 1.5),
    minima=(
        Minimum(-0.08984201310031806, 0.7126564030207396, -1.0316284534898774),
        Minimum(0.08984201310031806, -0.7126564030207396, -1.0316284534898774),
        Minimum(-1.7036067149699807, 0.7960835686726251, -0.21546382438371725, "local"),
        Minimum(1.7036067149699807, -0.7960835686726251, -0.21546382438371725, "local"),
        Minimum(-1.6071047529201974, -0.5686514548841314, 2.1042503103112598, "local"),
        Minimum(1.6071047529201974, 0.5686514548841314, 2.1042503103112598, "local"),
    ),
    saddles=(
        Saddle(0.0, 0.0, 0.0),
        Saddle(-1.1092053368047863, 0.7682680925095399, 0.543718600978185),
        Saddle(1.1092053368047863, -0.7682680925095399, 0.543718600978185),
        Saddle(-1.6380679841897785, -0.22867406904439402, 2.2293571975307147),
        Saddle(1.6380679841897785, 0.22867406904439402, 2.2293571975307147),
        Saddle(-1.2960702671671092, -0.6050843880386585, 2.229470818029859),
        Saddle(1.2960702671671092, 0.6050843880386585, 2.229470818029859),
    ),
    source=Source(
        "Dixon & Szegő",
        1978,
        "The Global Optimization Problem: an Introduction",
        venue="Towards Global Optimisation 2, North-Holland",
    ),
    # Measured: Adam with lr=0.1 rests in a shallow valley; SGD with lr=0.01 and momentum=0.9 gets
    # out, in 95 steps.
    epochs=300,
)
