"""A history of bounded length: the longer a run, the wider apart its points."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from thalweg.doctor.evidence import Point

MOST = 4096
PENDING = 64


class Trace:
    """Numbers by step, at most 4,096 of them: when full, every second one goes.

    Tensors are kept as they come and read together, since reading one makes a GPU wait.

    Example:
        >>> trace = Trace(most=4)
        >>> for step in range(1, 9):
        ...     trace.add(step, step / 2)
        >>> [point.step for point in trace.points()]
        [1, 3, 5, 7]
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.stride = 1
        self._points: list[Point] = []
        self._pending: list[tuple[int, Any]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._points) + len(self._pending)

    def add(self, step: int, value: float | Tensor) -> None:
        """Remember a number of a step, or leave it out where the points stand wider."""
        self._count += 1
        if (self._count - 1) % self.stride:
            return
        self._pending.append((step, value))
        if len(self._pending) >= PENDING or len(self) > self.most:
            self.read()

    def read(self) -> None:
        """Make points of what is pending."""
        self._points += [Point(step, float(value)) for step, value in self._pending]
        self._pending.clear()
        while len(self._points) > self.most:
            self._points = self._points[::2]
            self.stride *= 2

    def points(self) -> list[Point]:
        """All that is remembered, in order."""
        self.read()
        return list(self._points)
