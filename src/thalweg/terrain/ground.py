"""Ground: heights over a grid, with holes where there is no number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from thalweg.tasks.surface import Surface

Floats = NDArray[np.float64]
Domain = tuple[tuple[float, float], tuple[float, float]]
LARGEST = 2001
"""Cells along one side of a survey; more make pictures heavy and show nothing new."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Heights over a grid.

    Attributes:
        x: the columns' coordinates, rising, shape (columns,).
        y: the rows' coordinates, rising, shape (rows,).
        height: shape (rows, columns); NaN is a hole.
        noise: standard error of each height; 0 where heights are exact.

    Raises:
        ValueError: shapes that do not belong together, or coordinates that do not rise.
    """

    x: Floats
    y: Floats
    height: Floats
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("x", "y", "height"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        # Infinity is no height either, and NaN is the one spelling that every step below knows.
        object.__setattr__(self, "height", np.where(np.isinf(self.height), np.nan, self.height))
        if self.height.shape != (len(self.y), len(self.x)):
            raise ValueError(
                f"ground: height has shape {self.height.shape}; with {len(self.y)} rows and "
                f"{len(self.x)} columns it is {(len(self.y), len(self.x))}"
            )
        for name, along in (("x", self.x), ("y", self.y)):
            if len(along) < 2 or not (np.diff(along) > 0).all():
                raise ValueError(f"ground: {name} must be two or more numbers that rise")
        if not 0 <= self.noise < np.inf:
            raise ValueError(f"ground: noise={self.noise!r} is outside [0, inf); 0 is exact")

    @property
    def domain(self) -> Domain:
        """((lowest x, highest x), (lowest y, highest y))."""
        return (float(self.x[0]), float(self.x[-1])), (float(self.y[0]), float(self.y[-1]))

    @property
    def lowest(self) -> float:
        """The lowest height; NaN if all is holes."""
        return float(np.nanmin(self.height)) if not self.is_empty else float("nan")

    @property
    def range(self) -> float:
        """From the lowest height to the highest; 0 if all is holes."""
        if self.is_empty:
            return 0.0
        return float(np.nanmax(self.height) - np.nanmin(self.height))

    @property
    def is_empty(self) -> bool:
        """Whether there is no height at all."""
        return bool(np.isnan(self.height).all())

    def log_height(self, eps: float | None = None) -> Floats:
        """log10(height - lowest + eps): valleys that differ by a factor look as far apart as hills.

        Args:
            eps: what stands for nothing; by default a millionth of the range.

        Raises:
            ValueError: eps is not above 0.

        Example:
            >>> ground = Ground([0, 1], [0, 1], [[0, 0.9], [9.9, 99.9]])
            >>> ground.log_height(0.1).tolist()
            [[-1.0, 0.0], [1.0, 2.0]]
        """
        if eps is None:
            eps = 1e-6 * self.range or 1e-6
        if not 0 < eps < np.inf:
            raise ValueError(f"log_height: eps={eps!r} is outside (0, inf); 1e-6 is usual")
        return np.log10(self.height - self.lowest + eps)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, as JSON has them; a hole is None."""
        rows = self.height.astype(object)
        rows[np.isnan(self.height)] = None
        return {
            "x": self.x.tolist(),
            "y": self.y.tolist(),
            "height": rows.tolist(),
            "noise": self.noise,
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Ground:
        """Make ground of what `to_dict` gave."""
        height = np.array(plain["height"], dtype=np.float64)
        return cls(np.array(plain["x"]), np.array(plain["y"]), height, plain["noise"])


def survey(
    surface: Surface | Callable[[Tensor, Tensor], Tensor],
    domain: Domain | None = None,
    size: int | tuple[int, int] = 201,
) -> Ground:
    """Measure a surface on a grid.

    Args:
        surface: one of `thalweg.tasks.surfaces()`, or `f(x, y)` from tensors to a tensor.
        domain: ((lowest x, highest x), (lowest y, highest y)); a surface has its own.
        size: cells along each side, or (columns, rows).

    Returns:
        The heights, exact in float64; what is not finite is a hole.

    Raises:
        ValueError: no domain, one that is empty, or a size outside [2, 2001].

    Example:
        >>> from thalweg.tasks import surface
        >>> survey(surface("bowl"), size=5).height[2].tolist()
        [2.0, 0.5, 0.0, 0.5, 2.0]
    """
    f, (across, up) = function_of(surface), domain_of(surface, domain)
    columns, rows = (size, size) if isinstance(size, int) else size
    for name, count in (("columns", columns), ("rows", rows)):
        if not 2 <= count <= LARGEST:
            raise ValueError(f"survey: {name}={count} is outside [2, {LARGEST}]; 201 is usual")
    x = torch.linspace(*across, columns, dtype=torch.float64)
    y = torch.linspace(*up, rows, dtype=torch.float64)
    with torch.no_grad():
        height = f(*torch.meshgrid(x, y, indexing="xy"))
    return Ground(x.numpy(), y.numpy(), height.numpy())


def function_of(
    surface: Surface | Callable[[Tensor, Tensor], Tensor],
) -> Callable[[Tensor, Tensor], Tensor]:
    """The height itself."""
    return surface.f if isinstance(surface, Surface) else surface


def domain_of(
    surface: Surface | Callable[[Tensor, Tensor], Tensor], domain: Domain | None = None
) -> Domain:
    """The domain asked for, or else the surface's own.

    Raises:
        ValueError: there is none, or it is empty.
    """
    if domain is None:
        if not isinstance(surface, Surface):
            raise ValueError("a function has no domain of its own; say domain=((-1, 1), (-1, 1))")
        return surface.domain
    for axis, (low, high) in zip("xy", domain, strict=True):
        if not -np.inf < low < high < np.inf:
            raise ValueError(f"domain: {axis} from {low} to {high} is empty; (-1, 1) is an example")
    return cast(Domain, tuple((float(low), float(high)) for low, high in domain))
