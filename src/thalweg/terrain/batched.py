"""Losses at many points of a plane at once: `vmap` over the points, in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap

from thalweg.probe import Probe, Sample
from thalweg.terrain import first_layer
from thalweg.terrain.first_layer import Call, Given
from thalweg.terrain.layout import SamplesInside
from thalweg.terrain.plane import Plane
from thalweg.terrain.program import Program, write

MEMORY = 4 << 20
"""Bytes that the weights of one chunk of points, or its first layer's outputs, may take.

So little, because what the processor's cache holds need not be fetched.
"""

LARGEST = 64
"""Points in one chunk."""

Hand = list[Callable[[Tensor], Tensor]]
"""A program for each piece of the sample, with the memory of one thread."""


@dataclass(frozen=True)
class _First:
    """A first layer and its three outputs, shape (3, numbers); with channels innermost, or not."""

    call: Call
    outputs: Tensor
    shape: torch.Size
    inside: bool

    def at(self, shares: Tensor) -> Tensor:
        """Its output at some points, shape (points, *shape)."""
        found = (shares.to(self.outputs) @ self.outputs).view(len(shares), *self.shape)
        return found.movedim(-1, 2) if self.inside else found


class Batched:
    """The loss at many points at once.

    Each chunk's weights are formed inside, centre + x one + y other, so that memory grows with the
    chunk and not with the grid. Chunks are shared out among as many threads as torch may use, each
    computed by one: the losses do not depend on how many there are.

    Args:
        probe: the loss; not in "recalibrated" mode, whose averages differ from point to point.
        plane: where the points lie.
        chunk: points at once; None is as many as fit into 4 MiB, from 4 to 64. With 1 there is no
            `vmap`: what convolutions like better.
    """

    def __init__(self, probe: Probe, plane: Plane, chunk: int | None = None) -> None:
        self.probe = probe
        self.basis = plane.basis
        self.named = [probe.weights.named(vector) for vector in self.basis]
        self.wanted = chunk
        with probe.ready(), torch.no_grad():
            self.buffers = probe.buffers(plane.centre)
            self.pieces = [(some, self._first(some)) for some in probe.pieces()]
        self.chunk = chunk or self._fitting()
        self.programs: list[Program] = []
        self.hands: list[Hand] = []

    @property
    def method(self) -> str:
        """How it is done, in words."""
        shared = all(first is not None for _, first in self.pieces)
        many = "one point after the other" if self.chunk == 1 else f"{self.chunk} points at once"
        return many + (", first layer shared" if shared else "")

    def __call__(self, points: Tensor) -> Tensor:
        """The loss at each point.

        Args:
            points: (x, y) in rows, shape (n, 2).

        Returns:
            float64, shape (n,).

        Raises:
            RuntimeError: the model does what can't be written down as a program.
        """
        chunks = self._shares(points).split(self.chunk)
        found = torch.empty(len(chunks), self.chunk, dtype=torch.float64)
        with self.probe.ready(), torch.no_grad():
            if not self.programs:
                self._write()
            if torch.get_num_threads() == 1 or self.basis.device.type != "cpu":
                self._work(0, 1, chunks, found)
            else:
                self._share(min(torch.get_num_threads(), len(chunks)), chunks, found)
        return found.flatten()[: len(points)]

    def _shares(self, points: Tensor) -> Tensor:
        """1, x, y in rows; filled up, for a program is made for one number of points."""
        shares = points.new_ones(-(-len(points) // self.chunk) * self.chunk, 3)
        shares[: len(points), 1:] = points
        return shares.to(self.basis)

    def _share(self, threads: int, chunks: Sequence[Tensor], found: Tensor) -> None:
        """Share the chunks out among threads, each of which computes by itself."""
        usual = torch.get_num_threads()
        self._hand(threads - 1)
        try:
            with ThreadPoolExecutor(threads, initializer=_alone) as pool:
                work = partial(self._work, threads=threads, chunks=chunks, found=found)
                list(pool.map(work, range(threads)))
        finally:
            torch.set_num_threads(usual)  # it is also what later threads begin with

    def _work(self, number: int, threads: int, chunks: Sequence[Tensor], found: Tensor) -> None:
        """Every so many chunks of all, from one on."""
        shares = [len(some) / len(self.probe.sample) for some, _ in self.pieces]
        with torch.no_grad():
            for place in range(number, len(chunks), threads):
                parts = [run(chunks[place]) for run in self._hand(number)]
                # In float64: neighbours differ in digits that a float32 sum does not keep.
                found[place] = sum(p.double() * s for p, s in zip(parts, shares, strict=True))

    def _hand(self, number: int) -> Hand:
        """The programs with the memory of one thread."""
        while len(self.hands) <= number:
            self.hands.append([program.hand() for program in self.programs])
        return self.hands[number]

    def _write(self) -> None:
        shares = self.basis.new_zeros(self.chunk, 3)
        shares[:, 0] = 1

        def losses(some: Sample, first: _First | None, shares: Tensor) -> Tensor:
            with _layout(self.basis):
                return self._losses(shares, some, first)

        self.programs = [write(partial(losses, *piece), shares) for piece in self.pieces]

    def _losses(self, shares: Tensor, some: Sample, first: _First | None) -> Tensor:
        def one(vector: Tensor, output: Tensor | None) -> Tensor:
            params = self.probe.weights.named(vector)
            if first is None or output is None:
                return self.probe.loss_of(params, self.buffers, some)
            with Given(first.call, params[first.call.weight], output):
                return self.probe.loss_of(params, self.buffers, some)

        vectors = shares @ self.basis
        outputs = None if first is None else first.at(shares)
        if self.chunk == 1:
            return one(vectors[0], None if outputs is None else outputs[0]).view(1)
        ways: Any = (0, None if outputs is None else 0)
        return vmap(one, in_dims=ways, randomness="same")(vectors, outputs)

    def _first(self, some: Sample) -> _First | None:
        call = first_layer.find(self.probe, self.basis[0], some)
        if call is None:
            return None
        outputs = [call.at(params) for params in self.named]
        # As processors like it: pooling is then vectorised.
        inside = self.wanted == 1 and outputs[0].ndim == 4
        outputs = [one.movedim(1, -1) if inside else one for one in outputs]
        flat = torch.stack([one.flatten() for one in outputs])
        return _First(call, flat, outputs[0].shape, inside)

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


def _alone() -> None:
    torch.set_num_threads(1)
