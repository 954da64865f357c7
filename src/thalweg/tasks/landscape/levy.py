"""Levy: a bowl of ripples, of different lengths along x and along y."""

import math
from itertools import product

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Saddle, Surface

# Where the slope of one coordinate's share is zero, by bisection in float64. x and y do not know
# each other, so minima are pairs of valleys and passes a valley and a ridge.
VALLEYS_X = (-8.244554665464946, -4.205434985718203, 1.0, 3.7910821904505094, 7.723082150790463)
RIDGES_X = (
    -6.496199428308065,
    -2.705316040386871,
    2.768860451853793,
    6.109058808819238,
    9.937873987907956,
)
VALLEYS_Y = (
    -8.959023320607937,
    -6.948452278487519,
    -4.930286250610244,
    -2.8906496084617133,
    1.0,
    4.890649608461713,
    6.930286250610244,
    8.94845227848752,
)
RIDGES_Y = (
    -8.0894753704424,
    -6.114563457271405,
    -4.158843090997565,
    -2.256662218677807,
    4.256662218677807,
    6.158843090997565,
    8.114563457271405,
)


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of Levy's function."""
    u, v = (x - 1) / 4, (y - 1) / 4
    along_x = (math.pi * u).sin() ** 2 + u**2 * (1 + 10 * (math.pi * (u + 1) + 1).sin() ** 2)
    return along_x + v**2 * (1 + (2 * math.pi * v).sin() ** 2)


def _share_x(x: float) -> float:
    u = (x - 1) / 4
    return math.sin(math.pi * u) ** 2 + u * u * (1 + 10 * math.sin(math.pi * (u + 1) + 1) ** 2)


def _share_y(y: float) -> float:
    v = (y - 1) / 4
    return v * v * (1 + math.sin(2 * math.pi * v) ** 2)


levy = Surface(
    name="levy",
    about="A bowl of ripples: 40 minima, one of them deepest.",
    formula=(
        "sin² πu + u² (1 + 10 sin²(πu + π + 1)) + v² (1 + sin² 2πv),  u = (x - 1)/4,  v = (y - 1)/4"
    ),
    f=f,
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(-6.0, 6.5),
    minima=tuple(
        Minimum(x, y, _share_x(x) + _share_y(y), "global" if x == y == 1 else "local")
        for x, y in product(VALLEYS_X, VALLEYS_Y)
    ),
    saddles=tuple(
        Saddle(x, y, _share_x(x) + _share_y(y))
        for x, y in (*product(VALLEYS_X, RIDGES_Y), *product(RIDGES_X, VALLEYS_Y))
    ),
    source=Source(
        "Laguna & Martí",
        2005,
        "Experimental Testing of Advanced Scatter Search Designs for Global Optimization of "
        "Multimodal Functions",
        venue="Journal of Global Optimization 33",
    ),
    # Measured: Adam with lr=0.1 rests in a hollow on the way, as does SGD with lr=0.01 and
    # momentum=0.9.
    epochs=300,
)
