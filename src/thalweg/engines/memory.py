"""Memory, as a kernel sees it: elements behind an address, widened on load, rounded on store.

Numba has no bfloat16 and no float16 on the CPU. Both are two bytes; these functions turn them into
float32 and back with the processor's own conversions or with plain integer arithmetic, so that
every loop over them vectorises. Rounding is to nearest, ties to even, or at random in proportion,
and NaN stays NaN.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic as _intrinsic
from numba.np.numpy_support import carray

intrinsic: Any = _intrinsic  # the functions it makes are called without `typingctx`


def pointer(element: types.Type, bits: Any) -> Any:
    """A function that makes an address a pointer to elements of a type."""

    @intrinsic
    def make(typingctx: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], bits.as_pointer())

        return types.CPointer(element)(types.int64), generate

    return make


_pointer32 = pointer(types.float32, ir.FloatType())
_pointer64 = pointer(types.float64, ir.DoubleType())
_pointer16 = pointer(types.uint16, ir.IntType(16))


_pointer_word = pointer(types.int64, ir.IntType(64))

KERNEL = types.void(*[types.int64] * 7)
"""What a kernel is to C: see `drive.py`."""


@njit(inline="always")
def numbers(address: int, count: int) -> Any:
    """The float64 numbers behind an address."""
    return carray(_pointer64(address), (count,))


@njit(inline="always")
def addresses(address: int, count: int) -> Any:
    """The addresses behind an address."""
    return carray(_pointer_word(address), (count,))


@njit(inline="always")
def elements_float32(address: int, start: int, count: int) -> Any:
    """The elements behind an address, from `start` on, as an array."""
    return carray(_pointer32(address + 4 * start), (count,))


@njit(inline="always")
def elements_float64(address: int, start: int, count: int) -> Any:
    """The elements behind an address, from `start` on, as an array."""
    return carray(_pointer64(address + 8 * start), (count,))


@njit(inline="always")
def elements_bfloat16(address: int, start: int, count: int) -> Any:
    """The elements behind an address, from `start` on, as an array."""
    return carray(_pointer16(address + 2 * start), (count,))


elements_float16 = elements_bfloat16


@intrinsic
def bits_of(typingctx: Any, value: Any) -> Any:
    """The bits of a float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.uint32(types.float32), generate


@intrinsic
def float_of(typingctx: Any, bits: Any) -> Any:
    """The float32 with these bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.uint32), generate


@njit(inline="always")
def widen_bfloat16(bits: Any) -> Any:
    """The float32 of the same value."""
    return float_of(types.uint32(bits) << types.uint32(16))


@njit(inline="always")
def narrow_bfloat16(value: Any) -> Any:
    """The nearest bfloat16, as its bits."""
    bits = bits_of(value)
    even = (bits >> np.uint32(16)) & np.uint32(1)
    rounded = (bits + np.uint32(0x7FFF) + even) >> np.uint32(16)
    return np.uint16(rounded) if value == value else np.uint16(0x7FC0)


@intrinsic
def widen_float16(typingctx: Any, bits: Any) -> Any:
    """The float32 of the same value."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fpext(builder.bitcast(arguments[0], ir.HalfType()), ir.FloatType())

    return types.float32(types.uint16), generate


@intrinsic
def narrow_float16(typingctx: Any, value: Any) -> Any:
    """The nearest float16, as its bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        half = builder.fptrunc(arguments[0], ir.HalfType())
        return builder.bitcast(half, ir.IntType(16))

    return types.uint16(types.float32), generate


@njit(inline="always")
def dither_bfloat16(value: Any, random: Any) -> Any:
    """One of the two nearest bfloat16, each as likely as the value is near to the other."""
    bits = bits_of(value)
    # Adding noise may carry a finite value into infinity, and must not.
    rounded = np.uint32(bits + random)
    finite = np.uint32(rounded & np.uint32(0x7F800000)) != np.uint32(0x7F800000)
    chosen = rounded if finite else bits
    return np.uint16(chosen >> np.uint32(16)) if value == value else np.uint16(0x7FC0)
