"""Bowl: equally steep in every direction; gradient descent with lr=1 is there in one step."""

from torch import Tensor

from thalweg.tasks.surface import Minimum, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of the bowl."""
    return (x * x + y * y) / 2


bowl = Surface(
    name="bowl",
    about="A round bowl: equally steep in every direction.",
    formula="(x² + y²) / 2",
    f=f,
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(-1.5, 1.0),
    minima=(Minimum(0.0, 0.0, 0.0),),
    saddles=(),
    source=None,
    # Measured: Adam with lr=0.1 needs 65 steps.
    epochs=200,
)
