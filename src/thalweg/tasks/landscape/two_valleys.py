"""Two valleys: a wide one that is easy to find and a narrow one that is deeper."""

from torch import Tensor

from thalweg.tasks.surface import Minimum, Saddle, Surface


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of the two valleys."""
    wide = (-((x + 1) ** 2 + y * y) / 2).exp()
    narrow = (-((x - 1) ** 2 + (y - 0.5) ** 2) / 0.08).exp()
    return (x * x + y * y) / 20 - wide - 1.5 * narrow


two_valleys = Surface(
    name="two-valleys",
    about="A wide valley that is easy to find, and a narrow one that is deeper.",
    formula=("(x² + y²)/20 - exp(-((x + 1)² + y²)/2) - 1.5 exp(-((x - 1)² + (y - 0.5)²)/0.08)"),
    f=f,
    domain=((-3.0, 3.0), (-3.0, 3.0)),
    start=(-0.5, 2.0),
    minima=(
        Minimum(0.9908805541303793, 0.49705663518953846, -1.5586385614796334),
        Minimum(-0.9087462211526789, 0.0, -0.954554045073692, "local"),
    ),
    saddles=(Saddle(0.48125120546305833, 0.35248612074639596, -0.3354981097552815),),
    source=None,
    # Measured: Adam with lr=0.1 rests in the wide valley, as do SGD and momentum at any lr up to
    # 0.1.
    epochs=300,
)
