"""Booth: a bowl that leans, nine times steeper one way than the other."""

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of Booth's function."""
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


booth = Surface(
    name="booth",
    about="A bowl that leans: nine times steeper along one diagonal than along the other.",
    formula="(x + 2y - 7)² + (2x + y - 5)²",
    f=f,
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(-5.0, -4.0),
    minima=(Minimum(1.0, 3.0, 0.0),),
    saddles=(),
    source=Source(
        "Jamil & Yang",
        2013,
        "A Literature Survey of Benchmark Functions for Global Optimization Problems",
        arxiv="1308.4008",
    ),
    # Measured: Adam with lr=0.1 needs 638 steps, for each is about 0.1 long and the way is long.
    epochs=1000,
)
