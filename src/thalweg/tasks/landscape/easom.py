"""Easom: one hole in a plain; a step away from it the ground is level.

The usual square, from -100 to 100, is flat to sixteen digits nearly everywhere. This window shows
the hole, the low rim around it, and the four dents beyond the rim, a ten-thousandth as deep, which
are minima too.
"""

import math
from itertools import product

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Saddle, Surface

# tan s = -2s, where cos(s) exp(-s²) turns round, and that share there.
DENT = 1.836597203152126
SHARE = -0.00900567814857386


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of Easom's function."""
    away = (x - math.pi) ** 2 + (y - math.pi) ** 2
    return -x.cos() * y.cos() * (-away).exp()


_signs = tuple(product((-1, 1), repeat=2))

easom = Surface(
    name="easom",
    about="One hole in a plain, and four dents a ten-thousandth as deep.",
    formula="-cos x cos y exp(-(x - π)² - (y - π)²)",
    f=f,
    domain=((0.0, 2 * math.pi), (0.0, 2 * math.pi)),
    start=(2.0, 2.5),
    minima=(
        Minimum(math.pi, math.pi, -1.0),
        *(
            Minimum(math.pi + a * DENT, math.pi + b * DENT, -SHARE * SHARE, "local")
            for a, b in _signs
        ),
    ),
    saddles=tuple(
        Saddle(math.pi + a * math.pi / 2, math.pi + b * math.pi / 2, 0.0) for a, b in _signs
    ),
    source=Source(
        "Easom",
        1990,
        "A Survey of Global Optimization Techniques",
        venue="M. Eng. thesis, University of Louisville",
    ),
    # Measured: Adam with lr=0.1 needs 74 steps.
    epochs=300,
)
