"""Three-hump camel: one deep valley between two shallow ones."""

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Saddle, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of the three-hump camel."""
    return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2


three_hump_camel = Surface(
    name="three-hump-camel",
    about="One deep valley between two shallow ones.",
    formula="2x² - 1.05x⁴ + x⁶/6 + xy + y²",
    f=f,
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(-2.5, 2.0),
    # The slope along y is zero where y = -x/2; the rest are the roots of x⁵ - 4.2x³ + 3.5x.
    minima=(
        Minimum(0.0, 0.0, 0.0),
        Minimum(-1.7475523458302893, 0.8737761729151446, 0.2986384422368603, "local"),
        Minimum(1.7475523458302893, -0.8737761729151446, 0.2986384422368603, "local"),
    ),
    saddles=(
        Saddle(-1.0705422918236598, 0.5352711459118299, 0.8773615577631402),
        Saddle(1.0705422918236598, -0.5352711459118299, 0.8773615577631402),
    ),
    source=Source(
        "Jamil & Yang",
        2013,
        "A Literature Survey of Benchmark Functions for Global Optimization Problems",
        arxiv="1308.4008",
    ),
    # Measured: Adam with lr=0.1 rests in a shallow valley; SGD with lr=0.01 and momentum=0.9 gets
    # out, in 93 steps.
    epochs=300,
)
