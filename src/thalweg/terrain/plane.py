"""A plane through weight space: a centre, two directions, and where any weights lie on it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from thalweg.probe import (
    Probe,
    Weights,
    cosine,
    filter_normalised,
    orthogonalised,
    random,
    spectrum,
)


@dataclass(frozen=True, eq=False)
class Plane:
    """The weights `centre + x * one + y * other`.

    Attributes:
        centre: shape (weights,).
        one: direction of x, shape (weights,); of any length.
        other: direction of y, shape (weights,); of any length, at any angle to `one`.
        kind: "random", "pca", "hessian" or "between".
        names: what the axes are, for a picture.
        notes: what a reader of the picture should know of the directions.
        reach: half the side of a window that is worth a look, along each axis.
        middle: the middle of that window.

    Raises:
        ValueError: a direction without length, or two that point the same way.
    """

    centre: Tensor
    one: Tensor
    other: Tensor
    kind: str
    names: tuple[str, str]
    notes: tuple[str, ...] = ()
    reach: tuple[float, float] = (1.0, 1.0)
    middle: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name, way in zip(self.names, (self.one, self.other), strict=True):
            if not 0 < float(way.double().norm()) < float("inf"):
                raise ValueError(f"plane: the direction {name!r} has no length; choose another")
        if abs(cosine(self.one, self.other)) > 1 - 1e-6:
            raise ValueError("plane: its two directions are the same; choose another pair")

    @property
    def basis(self) -> Tensor:
        """Centre and directions, shape (3, weights)."""
        return torch.stack([self.centre, self.one, self.other])

    @property
    def cosine(self) -> float:
        """Of the angle between the directions: 0 where they are at right angles."""
        return cosine(self.one, self.other)

    def at(self, x: float, y: float) -> Tensor:
        """The weights of a point, shape (weights,)."""
        return self.centre + x * self.one + y * self.other

    def place(self, weights: Tensor) -> tuple[float, float, float]:
        """The point of the plane nearest to some weights, and how far off it they are.

        By least squares, so that the directions may have any length and any angle.

        Args:
            weights: shape (weights,).

        Returns:
            x, y, and the distance from the plane as a fraction of the distance from the centre:
            0 on the plane, 1 straight above the centre.

        Example:
            >>> plane = Plane(*torch.eye(4)[:3], "random", ("x", "y"))
            >>> plane.place(torch.tensor([1.0, 3.0, 0.0, 4.0]))
            (3.0, 0.0, 0.8)
        """
        way = weights.double() - self.centre.double()
        far = float(way.norm())
        if far == 0:
            return 0.0, 0.0, 0.0
        one, other = self.one.double(), self.other.double()
        # By the 2 × 2 normal equations: the directions are checked not to be parallel.
        grams = torch.stack([one @ one, one @ other, one @ other, other @ other]).view(2, 2)
        x, y = torch.linalg.solve(grams, torch.stack([one @ way, other @ way])).tolist()
        return x, y, float((way - x * one - y * other).norm()) / far


def randomly(weights: Weights, centre: Tensor, seed: int = 0) -> Plane:
    """Two random directions, each filter as long as the model's: how the neighbourhood looks.

    They stand at right angles before they are normalised, and nearly so afterwards. The same seed
    takes the same directions for every model of one shape, so that two can be compared.

    Args:
        weights: the model's map.
        centre: shape (weights,).
        seed: of the directions.

    Returns:
        The plane; one unit along an axis changes each filter by its own length.
    """
    first = random(weights, 2 * seed)
    second = orthogonalised(random(weights, 2 * seed + 1), first)
    one, other = (filter_normalised(way, weights, centre) for way in (first, second))
    note = f"cosine between the directions {cosine(one, other):+.3f}"
    names = ("random direction 1, filter-normalised", "random direction 2, filter-normalised")
    return Plane(centre, one, other, "random", names, (note,))


def curved(probe: Probe, centre: Tensor) -> Plane:
    """The directions in which the ground curves most upwards and most downwards.

    Args:
        probe: the loss.
        centre: shape (weights,).

    Returns:
        The plane of two unit eigenvectors of the Hessian. Its window is so wide that the steeper
        parabola rises by the loss at the centre, by 1 at least.

    Raises:
        ValueError: the model can't be differentiated twice.
    """
    found = spectrum(probe, centre)
    top, bottom = float(found.top[0]), float(found.bottom[0])
    reach = sqrt(2 * max(1.0, probe.value(centre)) / max(abs(top), abs(bottom), 1e-12))
    names = (f"top curvature, λ = {top:.3g}", f"bottom curvature, λ = {bottom:.3g}")
    notes = () if found.converged else ("the eigenvectors did not settle",)
    return Plane(
        centre, found.above[0], found.below[0], "hessian", names, notes, reach=(reach, reach)
    )


def between(weights: Weights, start: Tensor, end: Tensor, third: Tensor | None = None) -> Plane:
    """The plane through two solutions and a third point.

    Args:
        weights: the model's map.
        start: at (0, 0).
        end: at (1, 0).
        third: at (0, 1), such as the weights that training began with; None takes a random
            filter-normalised direction instead, as long as the line.

    Returns:
        The plane.

    Raises:
        ValueError: the points lie on one line.
    """
    one = end - start
    if third is None:
        other = orthogonalised(filter_normalised(random(weights, 0), weights, start), one)
        other = other * (one.norm() / other.norm())
        name = "random direction"
    else:
        other, name = third - start, "towards the third point"
    names = ("from the first solution (0) to the second (1)", name)
    return Plane(
        start,
        one,
        other,
        "between",
        names,
        reach=(1.0, 1.0),
        middle=(0.5, 0.5 if third is not None else 0.0),
    )
