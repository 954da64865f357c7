"""Rastrigin: a bowl covered with egg boxes, 121 minima in the usual square, one of them deepest."""

import math
from itertools import product

from torch import Tensor

from thalweg.rules.kinds import Source
from thalweg.tasks.surface import Minimum, Saddle, Surface

# The roots of 2x + 20π sin(2πx) above zero, where the slope of one coordinate's share is zero.
# x and y do not know each other, so minima are pairs of valleys and passes a valley and a ridge.
VALLEYS = (
    0.9949586376523348,
    1.9899122337085495,
    2.984855701039481,
    3.9797838603007536,
    4.974691390895051,
)
RIDGES = (
    0.5025460365546747,
    1.5076407318703584,
    2.512743318200085,
    3.517859138170441,
    4.522993659584519,
)


def f(x: Tensor, y: Tensor) -> Tensor:
    """Height of Rastrigin's function."""
    waves = (2 * math.pi * x).cos() + (2 * math.pi * y).cos()
    return 20 + x * x + y * y - 10 * waves


def _share(x: float) -> float:
    # 10 - 10 cos(2πx), written so that nothing cancels near a whole number.
    return x * x + 20 * math.sin(math.pi * x) ** 2


def _both_sides(roots: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sign * root for root in roots for sign in (-1, 1))


_valleys, _ridges = (0.0, *_both_sides(VALLEYS)), _both_sides(RIDGES)

rastrigin = Surface(
    name="rastrigin",
    about="A bowl covered with egg boxes: 121 minima, one of them deepest.",
    formula="20 + x² + y² - 10 cos(2πx) - 10 cos(2πy)",
    f=f,
    domain=((-5.12, 5.12), (-5.12, 5.12)),
    start=(-3.3, 2.6),
    minima=tuple(
        Minimum(x, y, _share(x) + _share(y), "global" if x == y == 0 else "local")
        for x, y in product(_valleys, repeat=2)
    ),
    saddles=tuple(
        Saddle(*point, _share(valley) + _share(ridge))
        for valley, ridge in product(_valleys, _ridges)
        for point in ((valley, ridge), (ridge, valley))
    ),
    source=Source(
        "Rastrigin", 1974, "Systems of Extremal Control", venue="Nauka, Moscow (in Russian)"
    ),
    # Measured: Adam with lr=0.1 rests in the nearest hollow, as do SGD and momentum at any lr that
    # comes to rest.
    epochs=300,
)
