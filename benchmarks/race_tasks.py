"""Two tasks that are not the library's: spirals to be told apart, and a matrix of low rank."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from thalweg.tasks import Data, Part, Solved, Task, accuracy


def two_spirals() -> Data:
    """Points on two arms that wind around each other, with noise."""
    generator = torch.Generator().manual_seed(0)
    turn = 3 * math.pi * torch.rand(900, generator=generator).sqrt()
    arm = torch.arange(900) % 2
    angle = turn + math.pi * arm
    points = torch.stack([turn * angle.cos(), turn * angle.sin()], dim=1) / 6
    points += 0.05 * torch.randn(points.shape, generator=generator)
    return Data(*(Part(points[i : i + 300], arm[i : i + 300]) for i in (0, 300, 600)))


class Factors(nn.Module):
    """A matrix as a product of two thin ones."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Embedding(40, 3)
        self.right = nn.Embedding(40, 3)

    def forward(self, places: Tensor) -> Tensor:
        """The entries at `places`, shape (samples, 2)."""
        row, column = places.unbind(dim=1)
        return (self.left(row) * self.right(column)).sum(dim=1)


def ratings() -> Data:
    """Entries of a 40 × 40 matrix of rank 3, with noise."""
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(40, 3, generator=generator) for _ in range(2))
    whole = left @ right.T + 0.1 * torch.randn(40, 40, generator=generator)
    order = torch.randperm(1600, generator=generator)
    places = torch.stack([order // 40, order % 40], dim=1)
    values = whole.flatten()[order]
    cuts = ((0, 1000), (1000, 1300), (1300, 1600))
    return Data(*(Part(places[a:b], values[a:b]) for a, b in cuts))


spirals = Task(
    "spirals",
    "Two spirals, told apart by a network with two hidden layers.",
    lambda: nn.Sequential(
        nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2)
    ),
    two_spirals,
    metrics={"accuracy": accuracy},
    solved=Solved("accuracy", 0.95),
    epochs=40,
    batch=32,
)

factors = Task(
    "factors",
    "A matrix of rank 3, filled in from 1,000 of its entries.",
    Factors,
    ratings,
    loss=nn.functional.mse_loss,
    epochs=40,
    batch=32,
)
