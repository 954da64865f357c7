"""Directions to look in, on the scale of the weights: filter by filter.

Li et al. (2018), "Visualizing the Loss Landscape of Neural Nets", section 4. A random direction
says nothing by its length: a network with weights ten times as large (and normalisation after
them) computes the same, yet looks ten times as flat. So each filter of the direction is given the
length of the model's filter. Biases and gains stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from thalweg.probe.weights import Block, Weights


def random(weights: Weights, seed: int) -> Tensor:
    """A direction of standard normal numbers, shape (weights,); the seed alone decides it."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(len(weights), generator=generator, dtype=weights.dtype).to(weights.device)


def filter_normalised(direction: Tensor, weights: Weights, at: Tensor) -> Tensor:
    """A direction each filter of which is as long as the model's.

    A filter is an output channel of a convolution (axis 1 of a transposed one), a row of a linear
    layer, an embedding or a recurrent gate.

    Args:
        direction: shape (weights,).
        weights: the map of the model's parameters.
        at: the weights whose filters give the lengths, shape (weights,).

    Returns:
        The new direction, shape (weights,): 0 for biases, gains and filters that are 0.

    Example:
        >>> from torch import nn
        >>> model = nn.Linear(4, 3)
        >>> weights = Weights.of(model)
        >>> made = filter_normalised(random(weights, 0), weights, weights.read(model))
        >>> rows = weights.named(made)["weight"].norm(dim=1)
        >>> torch.allclose(rows, model.weight.norm(dim=1))
        True
    """
    made = torch.zeros_like(direction)
    for block in weights.blocks:
        if block.filters is None:
            continue
        way, here = (filters(vector, block) for vector in (direction, at))
        others = tuple(range(1, way.ndim))
        length = way.square().sum(others, keepdim=True).sqrt()
        wanted = here.square().sum(others, keepdim=True).sqrt()
        filters(made, block).copy_(way * (wanted / length.where(length > 0, 1)))
    return made


def filters(vector: Tensor, block: Block) -> Tensor:
    """A view of one parameter in a vector, its filters along axis 0."""
    return vector[block.start : block.stop].view(block.shape).transpose(0, block.filters or 0)


def orthogonalised(direction: Tensor, *others: Tensor) -> Tensor:
    """What of a direction stands at right angles to others.

    Filter normalisation tilts it again: orthogonalise first, and say how much is left
    (`cosine`).
    """
    left = direction.clone()
    for other in _independent(others):
        left -= (left @ other) * other
    return left


def cosine(one: Tensor, other: Tensor) -> float:
    """The cosine of the angle between two directions; 0 where one has no length."""
    length = one.double().norm() * other.double().norm()
    return float(one.double() @ other.double() / length) if length > 0 else 0.0


def _independent(others: tuple[Tensor, ...]) -> Iterator[Tensor]:
    """Unit vectors at right angles to each other, spanning the same."""
    found: list[Tensor] = []
    for other in others:
        left = other.clone()
        for unit in found:
            left -= (left @ unit) * unit
        if left.norm() > 1e-6 * other.norm():
            found.append(left / left.norm())
    return iter(found)
