"""Where training went: the principal directions of a trajectory, by its Gram matrix.

With T iterates of d weights, M has the rows θ_t − mean. The matrix M Mᵀ is T × T and holds all that
is needed: its eigenvectors u give the directions Mᵀ u / |Mᵀ u|, at a cost of T² d and without a
second copy of the trajectory.

A random walk in many dimensions has the same flat picture: its first components explain 60.8, 15.2
and 6.8 per cent (Antognini & Sohl-Dickstein 2018, "PCA of high dimensional random walks with
comparison to neural network training"). So the shares are to be read beside these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from thalweg.terrain.plane import Plane

RANDOM_WALK = (0.608, 0.152, 0.068)
"""Shares that the first components of a long random walk explain: 6 / (π k)² for the k-th."""

BLOCK = 1 << 22
"""Numbers of one iterate that are taken to float64 at once."""


@dataclass(frozen=True, eq=False)
class Components:
    """The first principal directions of a trajectory.

    Attributes:
        directions: unit vectors at right angles, shape (count, weights).
        explained: what share of the squared distances from the mean lies along each.
    """

    directions: Tensor
    explained: tuple[float, ...]

    @property
    def like_random_walk(self) -> bool:
        """Whether both first shares are within ten points of a random walk's."""
        return all(
            abs(share - walk) <= 0.1
            for share, walk in zip(self.explained[:2], RANDOM_WALK, strict=False)
        )


def components(iterates: Sequence[Tensor], count: int = 3, *, block: int = BLOCK) -> Components:
    """The principal directions of a trajectory.

    Args:
        iterates: T vectors of shape (weights,).
        count: how many directions, at most T - 1.
        block: numbers of each iterate worked on at once.

    Returns:
        The directions, in the dtype of the iterates, and the shares; fewer where the trajectory
        spans fewer.

    Raises:
        ValueError: fewer than three iterates, or all the same.

    Example:
        >>> path = [torch.tensor([3.0 * t, t % 2, 0.0]) for t in range(8)]
        >>> found = components(path, 2)
        >>> found.directions.abs().round().tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    if len(iterates) < 3:
        raise ValueError(
            f"pca: {len(iterates)} iterates; three are the least, 50 are usual: train with keep=50"
        )
    size = len(iterates[0])
    spans = [slice(first, min(first + block, size)) for first in range(0, size, block)]
    gram = torch.zeros(len(iterates), len(iterates), dtype=torch.float64)
    for span in spans:
        rows = _centred(iterates, span)
        gram += rows @ rows.T
    values, vectors = torch.linalg.eigh(gram)
    values, vectors = values.flip(0).clamp(min=0), vectors.flip(1)
    total = float(values.sum())
    count = min(count, int((values > 1e-12 * total).sum())) if total > 0 else 0
    if count < 1:
        raise ValueError("pca: all iterates are the same; there is no direction to look along")
    found = torch.empty(count, size, dtype=iterates[0].dtype)
    lengths = values[:count].sqrt().unsqueeze(1)
    for span in spans:
        found[:, span] = (vectors[:, :count].T @ _centred(iterates, span) / lengths).to(found.dtype)
    shares = tuple((values[:count] / total).tolist())
    return Components(found.to(iterates[0].device), shares)


def along(iterates: Sequence[Tensor], centre: Tensor) -> Plane:
    """The plane in which a trajectory moved most.

    Args:
        iterates: in their order, shape (weights,) each.
        centre: on the plane, at (0, 0): usually the last of them.

    Returns:
        The plane, its window round the trajectory and three tenths of its sides wider.

    Raises:
        ValueError: fewer than three iterates, or on one line.
    """
    found = components(iterates)
    if len(found.directions) < 2:
        raise ValueError("pca: the trajectory is a straight line; --directions random shows more")
    one, other = found.directions[:2]
    names = tuple(
        f"principal direction {k + 1}, {100 * share:.1f} %"
        for k, share in enumerate(found.explained[:2])
    )
    plane = Plane(centre, one, other, "pca", (names[0], names[1]))
    places = torch.tensor([plane.place(one)[:2] for one in iterates])
    low, high = places.min(0).values, places.max(0).values
    # A flat trajectory still gets a window that is not a slit.
    sides = (high - low).clamp(min=float((high - low).max()) / 20)
    reach, middle = (1.3 * sides / 2).tolist(), ((low + high) / 2).tolist()
    return Plane(
        centre,
        one,
        other,
        "pca",
        (names[0], names[1]),
        (explained(found),),
        reach=(reach[0], reach[1]),
        middle=(middle[0], middle[1]),
    )


def explained(found: Components) -> str:
    """The shares in words, beside those of a random walk."""
    shares = " / ".join(f"{100 * share:.1f}" for share in found.explained[:3])
    walk = " / ".join(f"{100 * share:.1f}" for share in RANDOM_WALK[: len(found.explained)])
    said = f"explained variance {shares} %, of a random walk {walk} %"
    return said + ("; no more structure than a random walk" if found.like_random_walk else "")


def _centred(iterates: Sequence[Tensor], span: slice) -> Tensor:
    """Some columns of M, less their mean, in float64."""
    rows = torch.stack([one[span].double().cpu() for one in iterates])
    return rows - rows.mean(0)
