"""Losses at many points of a plane at once: `vmap` over the points, in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap
from torch.fx.experimental.proxy_tensor import make_fx

from thalweg.probe import Probe, Sample
from thalweg.terrain import first_layer
from thalweg.terrain.first_layer import Call, Given
from thalweg.terrain.layout import SamplesInside
from thalweg.terrain.plane import Plane

MEMORY = 1 << 20
"""Bytes that the weights of one chunk of points, or its first layer's outputs, may take.

So little, because what the processor's cache holds need not be fetched, and because memory of
this size is reused where larger pieces are given back to the system and taken anew.
"""

LARGEST = 64
"""Points in one chunk."""


@dataclass(frozen=True)
class _First:
    """A first layer and its three outputs, shape (3, numbers)."""

    call: Call
    outputs: Tensor
    shape: torch.Size


class Batched:
    """The loss at many points at once.

    Each chunk's weights are formed inside, centre + x one + y other, so that memory grows with the
    chunk and not with the grid.

    Args:
        probe: the loss; not in "recalibrated" mode, whose averages differ from point to point.
        plane: where the points lie.
        chunk: points at once; None is as many as fit into 1 MiB, from 4 to 64.
    """

    def __init__(self, probe: Probe, plane: Plane, chunk: int | None = None) -> None:
        self.probe = probe
        self.basis = plane.basis
        self.named = [probe.weights.named(vector) for vector in self.basis]
        with probe.ready(), torch.no_grad():
            self.buffers = probe.buffers(plane.centre)
            self.pieces = [(some, self._first(some)) for some in probe.pieces()]
        self.chunk = chunk or self._fitting()
        self.programs: dict[int, Callable[[Tensor], Tensor]] = {}

    @property
    def method(self) -> str:
        """How it is done, in words."""
        shared = all(first is not None for _, first in self.pieces)
        return f"{self.chunk} points at once" + (", first layer shared" if shared else "")

    def __call__(self, points: Tensor) -> Tensor:
        """The loss at each point.

        Args:
            points: (x, y) in rows, shape (n, 2).

        Returns:
            float64, shape (n,).
        """
        with self.probe.ready(), torch.no_grad():
            found = [self._chunk(some)[: len(some)] for some in points.split(self.chunk)]
        return torch.cat(found)

    def _chunk(self, points: Tensor) -> Tensor:
        """One chunk; a short one is filled up, for a program is made for one number of points."""
        shares = points.new_ones(self.chunk, 3)
        shares[: len(points), 1:] = points
        shares = shares.to(self.basis)
        total = torch.zeros(self.chunk, dtype=torch.float64)
        for place, (some, _) in enumerate(self.pieces):
            if place not in self.programs:
                self.programs[place] = self._program(place, shares)
            losses = self.programs[place](shares)
            total += losses.double().cpu() * (len(some) / len(self.probe.sample))
        return total

    def _program(self, place: int, shares: Tensor) -> Callable[[Tensor], Tensor]:
        """Write down once what torch does for a chunk, so that later ones skip all the asking.

        vmap, the shared layer and the turned sums cost half a millisecond a chunk in Python, more
        than the arithmetic of a small model; what they amount to is some fifty operations.
        """

        def losses(shares: Tensor) -> Tensor:
            with _layout(self.basis):
                return self._losses(shares, *self.pieces[place])

        program = make_fx(losses)(shares)
        program.graph.eliminate_dead_code()
        program.recompile()
        return program

    def _losses(self, shares: Tensor, some: Sample, first: _First | None) -> Tensor:
        def one(vector: Tensor, output: Tensor | None) -> Tensor:
            params = self.probe.weights.named(vector)
            if first is None or output is None:
                return self.probe.loss_of(params, self.buffers, some)
            with Given(first.call, params[first.call.weight], output):
                return self.probe.loss_of(params, self.buffers, some)

        outputs = None
        if first is not None:
            outputs = (shares.to(first.outputs) @ first.outputs).view(len(shares), *first.shape)
        ways: Any = (0, None if outputs is None else 0)
        return vmap(one, in_dims=ways, randomness="same")(shares @ self.basis, outputs)

    def _first(self, some: Sample) -> _First | None:
        call = first_layer.find(self.probe, self.basis[0], some)
        if call is None:
            return None
        outputs = [call.at(params) for params in self.named]
        return _First(call, torch.stack([one.flatten() for one in outputs]), outputs[0].shape)

    def _fitting(self) -> int:
        numbers = max(
            [len(self.probe.weights)]
            + [first.outputs.shape[1] for _, first in self.pieces if first is not None]
        )
        fitting = MEMORY // (numbers * self.basis.element_size())
        # A power of two, so that tiles are made of whole chunks.
        return 1 << (max(4, min(LARGEST, fitting)).bit_length() - 1)


@contextmanager
def _layout(like: Tensor) -> Iterator[None]:
    if like.device.type != "cpu":
        yield
        return
    with SamplesInside():
        yield
