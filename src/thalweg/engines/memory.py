"""Memory, as a kernel sees it: elements behind an address, widened on load, rounded on store.

Numba has no bfloat16 and no float16 on the CPU. Both are two bytes; these functions turn them into
float32 and back with the processor's own conversions or with plain integer arithmetic, so that
every loop over them vectorises. Rounding is to nearest, ties to even, and NaN stays NaN.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic as _intrinsic
from numba.np.numpy_support import carray

intrinsic: Any = _intrinsic  # the functions it makes are called without `typingctx`


def _pointer(element: types.Type, bits: Any) -> Any:
    @intrinsic
    def pointer(typingctx: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], bits.as_pointer())

        return types.CPointer(element)(types.int64), generate

    return pointer


_pointer32 = _pointer(types.float32, ir.FloatType())
_pointer64 = _pointer(types.float64, ir.DoubleType())
_pointer16 = _pointer(types.uint16, ir.IntType(16))


_pointer_word = _pointer(types.int64, ir.IntType(64))

PIECE = types.void(*[types.int64] * 7)
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
def _bits(typingctx: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.uint32(types.float32), generate


@intrinsic
def _float(typingctx: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.uint32), generate


@njit(inline="always")
def widen_bfloat16(bits: Any) -> Any:
    """The float32 of the same value."""
    return _float(types.uint32(bits) << types.uint32(16))


@njit(inline="always")
def narrow_bfloat16(value: Any) -> Any:
    """The nearest bfloat16, as its bits."""
    bits = _bits(value)
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


# Noise for rounding at random: a hash of the tensor, the step and the element, so that it is the
# same for any number of threads and after a resume.


@njit(inline="always")
def seed(key: int, step: int, place: int) -> Any:
    """The seed of a tensor's piece for a step (Steele, Lea & Flood, 2014: SplitMix64)."""
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(step)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = (mixed ^ (mixed >> np.uint64(31))) + np.uint64(place)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(27))


# Noise is a Weyl sequence, stirred: rounding asks for no more than that neighbours, steps and draws
# know nothing of each other. Written for LLVM, because Numba would do it in 64 bits. An element's
# place in the sequence is counted up, not multiplied, so that it costs a vector one addition.

_WORD = ir.IntType(32)


def _constant(value: int) -> Any:
    return ir.Constant(_WORD, value)


def _fold(builder: Any, x: Any, bits: int) -> Any:
    return builder.xor(x, builder.lshr(x, _constant(bits)))


@intrinsic
def weyl(typingctx: Any, seed: Any, element: Any, draw: Any) -> Any:
    """The place in the sequence of an element of a piece."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        low, element, draw = (builder.trunc(a, _WORD) for a in arguments)
        start = builder.xor(low, builder.mul(draw, _constant(0x85EBCA6B)))
        return builder.add(builder.mul(element, _constant(0x9E3779B9)), start)

    return types.uint32(types.uint64, types.int64, types.int64), generate


@intrinsic
def following(typingctx: Any, place: Any) -> Any:
    """The next element's place in the sequence."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.add(arguments[0], _constant(0x9E3779B9))

    return types.uint32(types.uint32), generate


@intrinsic
def noise(typingctx: Any, place: Any, seed: Any) -> Any:
    """32 random bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, seed = arguments
        high = builder.trunc(builder.lshr(seed, ir.Constant(seed.type, 32)), _WORD)
        x = builder.xor(_fold(builder, place, 16), high)
        return _fold(builder, builder.mul(x, _constant(0x7FEB352D)), 15)

    return types.uint32(types.uint32, types.uint64), generate


def _half(shift: int) -> Any:
    @intrinsic
    def half(typingctx: Any, bits: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kept = builder.lshr(arguments[0], _constant(shift))
            return kept if shift else builder.and_(kept, _constant(0xFFFF))

        return types.uint32(types.uint32), generate

    return half


def _unit(shift: int) -> Any:
    @intrinsic
    def unit(typingctx: Any, bits: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            if shift > 0:
                fraction = builder.lshr(arguments[0], _constant(shift))
                fraction = builder.and_(fraction, _constant(0x7FFF80))
            else:
                fraction = builder.shl(arguments[0], _constant(-shift))
                fraction = builder.and_(fraction, _constant(0x7FFFFF))
            one = builder.or_(fraction, _constant(0x3F800000))
            return builder.bitcast(one, ir.FloatType())

        return types.float32(types.uint32), generate

    return unit


low, high = _half(0), _half(16)
"""The lower and the upper 16 of 32 bits."""
unit_low, unit_high = _unit(-7), _unit(9)
"""A number in [1, 2) of the lower and of the upper 16 bits: they are its fraction. More of them
would be rounded up at 128, and zero would not stay zero."""


@intrinsic
def block(typingctx: Any) -> Any:
    """Room on the stack for the values of a block; LLVM knows that nobody else writes there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        room = ir.ArrayType(ir.FloatType(), 256)
        with builder.goto_entry_block():
            place = builder.alloca(room)
            place.align = 64
        return builder.bitcast(place, ir.FloatType().as_pointer())

    return types.CPointer(types.float32)(), generate


@njit(inline="always")
def scratch() -> Any:
    """The same as an array."""
    return carray(block(), (256,))


@njit(inline="always")
def dither_bfloat16(value: Any, random: Any) -> Any:
    """One of the two nearest bfloat16, each as likely as the value is near to the other."""
    bits = _bits(value)
    # Adding noise may carry a finite value into infinity, and must not.
    rounded = np.uint32(bits + random)
    finite = np.uint32(rounded & np.uint32(0x7F800000)) != np.uint32(0x7F800000)
    chosen = rounded if finite else bits
    return np.uint16(chosen >> np.uint32(16)) if value == value else np.uint16(0x7FC0)


# Blocks of eight bits. A block's scale is its largest value; `unit` is one step of it on load, and
# how many steps make 1 on store.

_pointer8 = _pointer(types.int8, ir.IntType(8))
_pointer8u = _pointer(types.uint8, ir.IntType(8))


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
    return np.int32(_bits(value) & np.uint32(0x7FFFFFFF))


@njit(inline="always")
def float_of(bits: Any) -> Any:
    """The float32 with these bits."""
    return _float(np.uint32(bits))


_TINY = np.int32(0x03000000)
"""The bits of 3.8e-37: below it, the steps that make 1 are too many for a float32."""
_HUGE, _INFINITE = np.int32(0x7F7FFFF0), np.int32(0x7F800000)
"""The bits of what 127 steps of a 127th still are, where they could be rounded to infinity."""


@njit(inline="always")
def scale_of(top: Any) -> Any:
    """A block's scale, when its largest value has the bits `top`."""
    return _float(np.uint32(min(top, _HUGE) if top < _INFINITE else top))


@njit(inline="always")
def per_unit(top: Any, steps: Any) -> Any:
    """How many steps make 1, in a block whose largest value has the bits `top`; 0 for none."""
    return steps / _float(np.uint32(top)) if top >= _TINY else np.float32(0)


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


# Sums. Adding is not associative in floating point, so a compiler may not sum in several lanes at
# once unless told that it may. Told for these additions only: within a piece the lanes are fixed
# when the kernel is compiled, and the pieces do not depend on the number of threads.


@intrinsic
def _add(typingctx: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fadd(*arguments, flags=("reassoc",))

    return types.float64(types.float64, types.float64), generate


@njit(inline="always")
def sum(so_far: float, value: float) -> float:
    """One more summand."""
    return _add(so_far, value)


@njit(inline="always")
def squares(so_far: float, value: float) -> float:
    """One more square."""
    return _add(so_far, value * value)


_ANGLE = (
    (-0.33333152532577515, 0.19993773102760315, -0.14211055636405945, 0.10666004568338394),
    (-0.07552214711904526, 0.043211862444877625, -0.016367929056286812, 0.00292069255374372),
)
"""The odd polynomial that is nearest to the arc tangent on [0, 1]: relative error below 1.7e-8."""
_A1, _A2, _A3, _A4, _A5, _A6, _A7, _A8 = (np.float32(c) for row in _ANGLE for c in row)
_NOTHING, _UNITY = np.float32(0), np.float32(1)
_PI, _PI_REST = np.float32(np.pi), np.float32(np.pi - float(np.float32(np.pi)))
_HALF, _HALF_REST = np.float32(np.pi / 2), np.float32(np.pi / 2 - float(np.float32(np.pi / 2)))


@njit(inline="always", error_model="numpy")
def atan2_float32(y: Any, x: Any) -> Any:
    """The angle of the point (x, y), in a way that vectorises: at most 1.8 ulp off."""
    height, width = abs(y), abs(x)
    steep = height > width
    high = height if steep else width
    low = width if steep else height
    t = low / high
    t = _UNITY if low == high else t  # infinity over infinity too
    t = _NOTHING if low + high == _NOTHING else t
    z = t * t
    p = _A1 + z * (_A2 + z * (_A3 + z * (_A4 + z * (_A5 + z * (_A6 + z * (_A7 + z * _A8))))))
    angle = t + t * (z * p)
    angle = _HALF - (angle - _HALF_REST) if steep else angle
    angle = _PI - (angle - _PI_REST) if x < _NOTHING else angle
    return -angle if y < _NOTHING else angle


@njit(inline="always")
def atan2_float64(y: Any, x: Any) -> Any:
    """The angle of the point (x, y)."""
    return np.arctan2(y, x)
