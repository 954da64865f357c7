"""Codes of eight bits, in blocks that share a scale.

A block's scale is its largest value, so its values can be coded only when all of them are known:
until then they lie in `scratch`. `unit` is one step of the scale on load, and how many steps make 1
on store.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic as _intrinsic
from numba.np.numpy_support import carray

from thalweg.engines.layout import BLOCK, HUGE, INFINITE, TINY
from thalweg.engines.memory import bits_of, float_of, pointer

intrinsic: Any = _intrinsic  # the functions it makes are called without `typingctx`

_pointer8 = pointer(types.int8, ir.IntType(8))
_pointer8u = pointer(types.uint8, ir.IntType(8))


@intrinsic
def block(typingctx: Any) -> Any:
    """Room on the stack for the values of a block; LLVM knows that nobody else writes there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        room = ir.ArrayType(ir.FloatType(), BLOCK)
        with builder.goto_entry_block():
            place = builder.alloca(room)
            place.align = 64
        return builder.bitcast(place, ir.FloatType().as_pointer())

    return types.CPointer(types.float32)(), generate


@njit(inline="always")
def scratch() -> Any:
    """The same as an array."""
    return carray(block(), (BLOCK,))


@njit(inline="always")
def elements_int8(address: int, start: int, count: int) -> Any:
    """The elements behind an address, from `start` on, as an array."""
    return carray(_pointer8(address + start), (count,))


@njit(inline="always")
def elements_root8(address: int, start: int, count: int) -> Any:
    """The elements behind an address, from `start` on, as an array."""
    return carray(_pointer8u(address + start), (count,))


@njit(inline="always")
def size_of(value: Any) -> Any:
    """The bits of the absolute value: as integers they are ordered as the floats are."""
    return np.int32(bits_of(value) & np.uint32(0x7FFFFFFF))


_TINY, _HUGE, _INFINITE = np.int32(TINY), np.int32(HUGE), np.int32(INFINITE)


@njit(inline="always")
def scale_of(top: Any) -> Any:
    """A block's scale, when its largest value has the bits `top`."""
    return float_of(np.uint32(min(top, _HUGE) if top < _INFINITE else top))


@njit(inline="always")
def per_unit(top: Any, steps: Any) -> Any:
    """How many steps make 1, in a block whose largest value has the bits `top`; 0 for none."""
    return steps / float_of(np.uint32(top)) if top >= _TINY else np.float32(0)


@njit(inline="always")
def same(value: Any) -> Any:
    """Stored as it is."""
    return value


@njit(inline="always")
def root(value: Any) -> Any:
    """Stored by its root; a negative one is NaN, as it is to a rule."""
    return np.sqrt(value)


@njit(inline="always")
def value_int8(code: Any, unit: Any) -> Any:
    """The value of a code."""
    return np.float32(code) * unit


@njit(inline="always")
def value_root8(code: Any, unit: Any) -> Any:
    """The value of a code that stands for a root."""
    base = np.float32(code) * unit
    return base * base


@njit(inline="always")
def code_int8(value: Any, unit: Any, random: Any) -> Any:
    """The step below or above, each as likely as the value is near to the other.

    `random` is in [1, 2).
    """
    steps = np.int32(value * unit + (random + np.float32(127))) - np.int32(128)
    return np.int8(max(min(steps, np.int32(127)), np.int32(-127)))


@njit(inline="always")
def code_root8(value: Any, unit: Any, random: Any) -> Any:
    """The same for a root. What is not zero never becomes zero: steps are divided by it."""
    steps = np.int32(value * unit + random) - np.int32(1)
    least = np.int32(1) if value > np.float32(0) else np.int32(0)
    return np.uint8(min(max(steps, least), np.int32(255)))
