"""Heights as they are drawn: on a plain or a logarithmic scale, cut off, shaded from the side."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thalweg.terrain.result import Terrain

Floats = NDArray[np.float64]

COLOURS = [
    [0.0, "#2c6e80|#1c5566"],
    [0.18, "#6fa3a6|#2f7480"],
    [0.4, "#b9cdbd|#5a8f8c"],
    [0.65, "#e6dfc8|#97a790"],
    [0.85, "#efe7dc|#c3b998"],
    [1.0, "#f7f3ee|#e2d6bd"],
]
"""From the valley floor to the peaks, lighter all the way: readable without colour too."""

SUN = (-0.55, 0.65, 0.52)
"""From where light falls: the upper left, as on every printed map."""


@dataclass(frozen=True, eq=False)
class Scale:
    """How heights are turned into what is drawn.

    Attributes:
        log: whether it is log10(height - lowest + eps).
        lowest: of the ground.
        eps: see `log`.
        cap: higher ground is drawn at this height; infinite for none.
    """

    log: bool
    lowest: float
    eps: float
    cap: float

    def __call__(self, heights: Floats | float) -> Floats:
        """Heights as they are drawn; what is not finite is NaN."""
        cut = np.minimum(np.asarray(heights, dtype=np.float64), self.cap)
        cut = np.where(np.isfinite(cut), cut, np.nan)
        if not self.log:
            return cut
        return np.log10(np.maximum(cut - self.lowest, 0.0) + self.eps)

    @property
    def title(self) -> str:
        """What the axis shows."""
        return "log₁₀ (loss − lowest)" if self.log else "loss"


def scales(terrain: Terrain) -> dict[str, Scale]:
    """The scales that a picture can be switched between, the better one first."""
    height = terrain.ground.height
    fine = height[np.isfinite(height)]
    if not len(fine):
        return {"height": Scale(False, 0.0, 1.0, math.inf)}
    low, high = float(fine.min()), float(fine.max())
    # Below the noise there is nothing to see; on exact ground, below a ten-thousandth.
    eps = max(terrain.ground.noise, 1e-4 * (high - low)) or 1.0
    losses = [x for one in terrain.trajectories for x in one.loss if math.isfinite(x)]
    cap = max([1.5 * x - 0.5 * low for x in losses] + [float(np.quantile(fine, 0.97))])
    # A rim of a few times the height of what matters does no harm; a hundred times does.
    plain = Scale(False, low, eps, cap if high - low > 3 * (cap - low) else math.inf)
    steep = Scale(True, low, eps, math.inf)
    named = {"height": plain, "log height": steep}
    # Where most of the ground lies in the lowest tenth, a plain scale shows a plate with a rim.
    flat = np.median(fine) - low < 0.12 * (high - low)
    return dict(reversed(named.items())) if flat else named


def shade(x: Floats, y: Floats, drawn: Floats) -> Floats:
    """How bright the ground is under the sun, 0 to 1; holes stay holes.

    Args:
        x: columns.
        y: rows.
        drawn: heights as they are drawn, shape (rows, columns).

    Example:
        >>> x = np.linspace(0, 1, 5)
        >>> float(shade(x, x, np.zeros((5, 5)))[2, 2])
        0.5
    """
    span = float(np.nanmax(drawn) - np.nanmin(drawn)) if np.isfinite(drawn).any() else 0.0
    if span == 0:
        return np.where(np.isfinite(drawn), 0.5, np.nan)
    # In units of the window, its height a third of its width.
    unit = drawn / span / 3
    up, across = np.gradient(unit, (y - y[0]) / (y[-1] - y[0]), (x - x[0]) / (x[-1] - x[0]))
    length = np.sqrt(1 + across**2 + up**2)
    light = (SUN[2] - SUN[0] * across - SUN[1] * up) / length
    return np.clip(0.5 + 0.62 * (light - SUN[2]), 0.0, 1.0)


def at(x: Floats, y: Floats, drawn: Floats, where: tuple[float, float]) -> float | None:
    """The drawn height of the ground somewhere, between its cells; None outside or in a hole."""
    if not (x[0] <= where[0] <= x[-1] and y[0] <= where[1] <= y[-1]):
        return None
    column = min(int(np.searchsorted(x, where[0], "right")) - 1, len(x) - 2)
    row = min(int(np.searchsorted(y, where[1], "right")) - 1, len(y) - 2)
    u = (where[0] - x[column]) / (x[column + 1] - x[column])
    v = (where[1] - y[row]) / (y[row + 1] - y[row])
    four = drawn[row : row + 2, column : column + 2]
    found = float(
        (1 - v) * ((1 - u) * four[0, 0] + u * four[0, 1])
        + v * ((1 - u) * four[1, 0] + u * four[1, 1])
    )
    return found if math.isfinite(found) else None
