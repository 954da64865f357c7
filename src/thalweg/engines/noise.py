"""Noise, for rounding at random.

A hash of the tensor, the step and the element, so that it is the same for any number of threads and
after a resume. It is a Weyl sequence, stirred: rounding asks for no more than that neighbours,
steps and draws know nothing of each other. Written for LLVM, because Numba would do it in 64 bits.
An element's place in the sequence is counted up, not multiplied, so that it costs a vector one
addition.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic as _intrinsic

intrinsic: Any = _intrinsic  # the functions it makes are called without `typingctx`

_WORD = ir.IntType(32)


def _constant(value: int) -> Any:
    return ir.Constant(_WORD, value)


def _fold(builder: Any, x: Any, bits: int) -> Any:
    return builder.xor(x, builder.lshr(x, _constant(bits)))


@njit(inline="always")
def seed(key: int, step: int, place: int) -> Any:
    """The seed of a tensor's piece for a step (Steele, Lea & Flood, 2014: SplitMix64)."""
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(step)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = (mixed ^ (mixed >> np.uint64(31))) + np.uint64(place)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(27))


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
def bits(typingctx: Any, place: Any, seed: Any) -> Any:
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
