"""Layout: how arrays are stored, which no rule knows.

    float32 float64 bfloat16 float16    rounded to nearest
    bfloat16~                           rounded up or down at random, in proportion
    bfloat16+ float16+                  with the rounding error beside it, in a tensor of its own
    int8                                127 steps up and down of the largest in a block
    root8                               the root, in 255 steps of the largest in a block

These are the kinds. Eight bits have the scales of their blocks beside them.
"""

import re
from dataclasses import dataclass
from typing import TypeGuard

BLOCK = 256
"""How many elements share a scale."""

PIECE = 16384
"""How many elements are summed, and rounded with one seed: always the same, for any threads."""

STEPS = {"int8": 127, "root8": 255}
"""The kinds of eight bits, and how many steps make their largest value."""

BESIDE = {"int8": "scale", "root8": "scale", "bfloat16+": "rest", "float16+": "rest"}
"""What the tensor that goes with the first one holds, for the kinds that have one."""

TINY = 0x03000000
"""The bits of 3.8e-37: in a block whose largest is below it, the steps that make 1 are too many for
a float32."""
HUGE, INFINITE = 0x7F7FFFF0, 0x7F800000
"""The bits of what 127 steps of a 127th still are, where they could be rounded to infinity."""

WATCHED = ("squares of gradients", "gradients that are not zero", "of those, weights that stayed")
"""What the last kernel counts, if asked, behind the reductions' sums."""


def coded(kind: str | None) -> TypeGuard[str]:
    """Whether elements are codes of eight bits."""
    return kind in STEPS


def dithered(kind: str | None) -> bool:
    """Whether elements are rounded at random to fewer bits of the same kind."""
    return str(kind).endswith("~")


def paired(kind: str | None) -> bool:
    """Whether the rounding errors are kept."""
    return str(kind).endswith("+")


def plain(kind: str) -> str:
    """The kind without what is done about rounding."""
    return kind.rstrip("~+")


def width(kind: str | None) -> int:
    """How many tensors hold an array of this kind: none, one, or one with what goes beside it."""
    return 0 if kind is None else 1 + (kind in BESIDE)


def bytes_of(kind: str | None) -> float:
    """Bytes that an element of this kind takes, with its part of what goes beside it."""
    if kind is None:
        return 0.0
    if coded(kind):
        return 1 + 4 / BLOCK
    return width(kind) * int(re.sub(r"\D", "", kind)) / 8


@dataclass(frozen=True)
class Layout:
    """How a kernel's arrays are stored.

    Attributes:
        names: what the inputs are called: param, grad and the states.
        kinds: how each is stored; None for those that are not there.
        clear: whether the gradient is set to zero.
        watch: whether to count what `WATCHED` says.
    """

    names: tuple[str, ...]
    kinds: tuple[str | None, ...]
    clear: bool = False
    watch: bool = False

    @property
    def rests(self) -> bool:
        """Whether the parameter's rounding errors are kept."""
        return paired(self.kinds[0])

    @property
    def width(self) -> int:
        """How many columns the table of addresses has."""
        return self.column(len(self.kinds)) + self.rests

    def column(self, place: int) -> int:
        """The column of an input in the table of addresses."""
        return place if place < 2 else 2 + sum(map(width, self.kinds[2:place]))

    def beside(self, place: int) -> int:
        """The column of what goes beside it; the parameter's is the last."""
        return self.column(place) + 1 if place else self.column(len(self.kinds))
