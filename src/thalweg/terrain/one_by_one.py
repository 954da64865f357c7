"""Losses at points of a plane, one point after the other: slow, obvious, right."""

from __future__ import annotations

import torch
from torch import Tensor

from thalweg.probe import Probe
from thalweg.terrain.plane import Plane


class OneByOne:
    """The loss at each point by a forward pass of its own.

    Args:
        probe: the loss.
        plane: where the points lie.
    """

    method = "one by one"

    def __init__(self, probe: Probe, plane: Plane) -> None:
        self.probe = probe
        self.plane = plane

    def __call__(self, points: Tensor) -> Tensor:
        """The loss at each point.

        Args:
            points: (x, y) in rows, shape (n, 2).

        Returns:
            float64, shape (n,).
        """
        with self.probe.ready(), torch.no_grad():
            return torch.tensor([self._one(x, y) for x, y in points.tolist()], dtype=torch.float64)

    def _one(self, x: float, y: float) -> float:
        parts = self.probe.outputs(self.plane.at(x, y))
        total = sum(part.double().item() * count for part, count in parts)
        return total / len(self.probe.sample)
