"""Storage: what an array is kept as between steps, for the engines that work with torch tensors.

The kinds are those of `layout.py`, and the codes are those of `codes.py`, bit for bit: a tensor
that one engine stepped goes on in another. Tests hold the two to that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from thalweg.engines.layout import (
    BLOCK,
    HUGE,
    INFINITE,
    PIECE,
    STEPS,
    TINY,
    coded,
    dithered,
    plain,
    width,
)
from thalweg.engines.real import assign, real

_MASK = 0xFFFFFFFF


def make(like: Tensor, kind: str) -> list[Tensor]:
    """New tensors that hold zeros, shaped and laid out as `like`."""
    if coded(kind):
        dtype = torch.int8 if kind == "int8" else torch.uint8
        blocks = -(-like.numel() // BLOCK)
        scale = torch.zeros(blocks, dtype=torch.float32, device=like.device)
        return [_zeros(like, dtype), scale]
    return [_zeros(like, getattr(torch, plain(kind))) for _ in range(width(kind))]


def _zeros(like: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros_like(
        like, dtype=dtype, memory_format=torch.preserve_format, requires_grad=False
    )


class Noise(NamedTuple):
    """Where random bits come from: nothing but what is written here.

    Attributes:
        key: of the tensor.
        step: of the optimizer.
        draw: which of a step's rounded arrays this is.
    """

    key: int
    step: int
    draw: int = 0


NOISELESS = Noise(0, 0)
"""For arrays of kinds that do not round at random."""


@dataclass
class Cell:
    """An array where it is kept.

    Attributes:
        kind: see `layout.py`.
        tensor: its values or codes, shaped as the parameter.
        beside: the blocks' scales, or the rounding errors; None for kinds without.
    """

    kind: str
    tensor: Tensor
    beside: Tensor | None = None

    def load(self) -> Tensor:
        """The values: those of complex numbers as pairs, codes and sums as float32."""
        if coded(self.kind):
            assert self.beside is not None
            units = (self.beside / STEPS[self.kind]).repeat_interleave(BLOCK)
            flat = _flat(self.tensor).float() * units[: self.tensor.numel()]
            values = _zeros(self.tensor, torch.float32)
            _flat(values).copy_(flat * flat if self.kind == "root8" else flat)
            return values
        if self.beside is not None:
            return self.tensor.float() + self.beside.float()
        return real(self.tensor)

    def store(self, values: Tensor, noise: "Noise") -> None:
        """Round the values, which are as `load` gave them or wider, to what is kept."""
        if coded(self.kind):
            self._encode(values, _unit(_bits(self.tensor, noise), noise.draw))
        elif dithered(self.kind):
            wide = values.float()
            random = torch.empty_like(self.tensor, dtype=torch.int32)
            _flat(random).copy_(_half(_bits(self.tensor, noise), noise.draw))
            bits = wide.contiguous().view(torch.int32).view_as(wide)
            moved = bits + random
            finite = (moved & 0x7F800000) != 0x7F800000
            chosen = torch.where(finite, moved, bits) & -0x10000
            rounded = chosen.contiguous().view(torch.float32).view_as(wide)
            self.tensor.copy_(torch.where(wide == wide, rounded, wide))
        elif self.beside is not None:
            wide = values.float()
            self.tensor.copy_(wide)
            self.beside.copy_(wide - self.tensor.float())
        else:
            assign(self.tensor, values)

    def _encode(self, values: Tensor, random: Tensor) -> None:
        assert self.beside is not None
        steps = STEPS[self.kind]
        laid = torch.empty_like(self.tensor, dtype=torch.float32)
        laid.copy_(values)
        flat = _flat(laid).sqrt() if self.kind == "root8" else _flat(laid).clone()
        padded = torch.nn.functional.pad(flat, (0, -len(flat) % BLOCK)).view(-1, BLOCK)
        # As integers, the bits of absolute values are ordered as these, and NaN is the largest.
        top = (padded.view(torch.int32) & 0x7FFFFFFF).amax(dim=1) if len(padded) else flat[:0].int()
        scale = torch.where(top < INFINITE, top.clamp(max=HUGE), top)
        self.beside.copy_(scale.view(torch.float32))
        units = torch.where(top >= TINY, steps / top.view(torch.float32), 0.0)
        scaled = flat * units.repeat_interleave(BLOCK)[: len(flat)]
        if self.kind == "int8":
            codes = (scaled + (random + 127)).nan_to_num(0.0).int() - 128
            _flat(self.tensor).copy_(codes.clamp(-127, 127))
        else:
            codes = (scaled + random).nan_to_num(0.0).int() - 1
            least = (flat > 0).int()
            _flat(self.tensor).copy_(torch.maximum(codes, least).clamp(max=255))


def draws(cells: Sequence[Cell | None]) -> list[int]:
    """For each array that a step writes, which of those that are rounded at random it is."""
    found, count = [], 0
    for cell in cells:
        found.append(count)
        count += cell is not None and (coded(cell.kind) or dithered(cell.kind))
    return found


def _seed(key: int, step: int, places: Tensor) -> Tensor:
    """The seeds of a tensor's pieces for a step: `noise.seed`, where 64 bits have a sign."""

    def shifted(x: Tensor, bits: int) -> Tensor:
        return (x >> bits) & ((1 << (64 - bits)) - 1)

    def signed(x: int) -> int:
        return (x + 2**63) % 2**64 - 2**63

    mixed = torch.zeros_like(places) + signed(key * 0x9E3779B97F4A7C15 + step)
    mixed = (mixed ^ shifted(mixed, 30)) * signed(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ shifted(mixed, 27)) * signed(0x94D049BB133111EB)
    mixed = (mixed ^ shifted(mixed, 31)) + places
    mixed = (mixed ^ shifted(mixed, 30)) * signed(0xBF58476D1CE4E5B9)
    return mixed ^ shifted(mixed, 27)


def _bits(tensor: Tensor, noise: Noise) -> Tensor:
    """32 random bits for each element, in the order of memory: see `noise.bits`."""
    everyone = torch.arange(tensor.numel(), dtype=torch.int64, device=tensor.device)
    seeds = _seed(noise.key, noise.step, everyone[: -(-len(everyone) // PIECE)])
    seeds = seeds.repeat_interleave(PIECE)[: len(everyone)]
    start = (seeds & _MASK) ^ ((noise.draw // 2) * 0x85EBCA6B & _MASK)
    x = ((everyone % PIECE) * 0x9E3779B9 + start) & _MASK
    x = x ^ (x >> 16) ^ ((seeds >> 32) & _MASK)
    x = (x * 0x7FEB352D) & _MASK
    x = x ^ (x >> 15)
    return x


def _half(bits: Tensor, draw: int) -> Tensor:
    """The sixteen that a draw takes."""
    return bits >> 16 if draw % 2 else bits & 0xFFFF


def _unit(bits: Tensor, draw: int) -> Tensor:
    """A number in [1, 2), whose fraction is the bits that a draw takes."""
    fraction = _half(bits, draw) << 7
    return (fraction | 0x3F800000).int().view(torch.float32)


def _flat(tensor: Tensor) -> Tensor:
    """The elements of a dense tensor in the order of memory."""
    return tensor.as_strided((tensor.numel(),), (1,), tensor.storage_offset())


def below_one_step(values: Tensor, kind: str) -> tuple[int, int]:
    """In how many blocks more than half of the values that are not zero are below one step."""
    flat = values.abs().flatten()
    padded = torch.nn.functional.pad(flat, (0, -len(flat) % BLOCK)).view(-1, BLOCK)
    if not len(padded):
        return 0, 0
    there = padded > 0
    low = there & (padded < padded.amax(dim=1, keepdim=True) / STEPS[kind])
    return int((2 * low.sum(dim=1) > there.sum(dim=1)).sum()), len(padded)
