"""Handles: libtorch's own functions, called from a kernel by address.

A handle is the address of an `at::Tensor`. The order of `entry` is that of `survey._SYMBOLS`.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic as _intrinsic

intrinsic: Any = _intrinsic  # the functions it makes are called without `typingctx`

_WORD = ir.IntType(64)
_PRIME = np.int64(1099511628211)


def _function(count: int, result: Any, kind: Any) -> Any:
    """A call of a C function that takes `count` pointers, given its address as an integer."""

    @intrinsic
    def call2(typingctx: Any, entry: Any, a: Any, b: Any) -> Any:
        return kind(types.int64, types.int64, types.int64), generate

    @intrinsic
    def call1(typingctx: Any, entry: Any, a: Any) -> Any:
        return kind(types.int64, types.int64), generate

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        shape = ir.FunctionType(result, [_WORD] * count)
        return builder.call(builder.inttoptr(arguments[0], shape.as_pointer()), arguments[1:])

    return call1 if count == 1 else call2


_status = _function(2, ir.IntType(32), types.int32)
_pointer_of = _function(1, _WORD, types.int64)
_void = _function(1, ir.IntType(32), types.int32)


@intrinsic
def _word(typingctx: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], _WORD.as_pointer()))

    return types.int64(types.int64), generate


@njit(cache=True, inline="always")
def _ask(entry: int, handle: int, scratch: Any) -> int:
    """What `entry(handle, &answer)` answers; every answer fits a word, so it is cleared first."""
    scratch[0] = 0
    _status(entry, handle, scratch.ctypes.data)
    return scratch[0]


@njit(cache=True)
def _describe(entry: Any, handle: int, scratch: Any) -> Any:
    """A number that differs wherever dtype, sizes or strides do; 0 is not for a kernel."""
    if _ask(entry[1], handle, scratch) != 0 or _ask(entry[2], handle, scratch) != 0:
        return 0
    if _void(entry[12], handle) & 1:  # to be read as its negative
        return 0
    seen = np.int64(1469598103934665603) ^ _ask(entry[3], handle, scratch)
    dim = _ask(entry[4], handle, scratch)
    sizes = _ask(entry[5], handle, scratch)
    strides = _ask(entry[6], handle, scratch)
    for d in range(dim):
        size = _word(sizes + 8 * d)
        # The stride along a dimension of one element means nothing and may be anything.
        stride = _word(strides + 8 * d) if size != 1 else np.int64(0)
        seen = (seen * _PRIME) ^ size
        seen = (seen * _PRIME) ^ stride
    return seen | 1


@njit(cache=True)
def look(
    entry: Any, handles: Any, held: Any, scratch: Any, address: Any, seen: Any, first: bool
) -> bool:
    """Fill in `address`; whether each tensor is described as in `seen` (filled in at first).

    Parameters and their gradients are described in full; parameters and states must also lie
    where they lay, and states be as large as they were.

    `handles` gets the gradients' handles, `held` owning ones, which `release` must give back:
    the kernel runs without Python's lock, and another thread may drop a gradient meanwhile.
    """
    same = True
    for row in range(handles.shape[0]):
        grad = _pointer_of(entry[13], _word(handles[row, 0]))
        handles[row, 1] = grad
        held[row] = 0
        if _ask(entry[0], grad, scratch) != 0:
            scratch[0] = 0
            _status(entry[8], grad, scratch.ctypes.data)
            held[row] = scratch[0]
        for column in range(handles.shape[1]):
            handle = handles[row, column]
            kind = np.int64(0)
            where = np.int64(0)
            if column > 1:
                kind = _ask(entry[10], handle, scratch)
            elif column == 0 or held[row] != 0:
                kind = _describe(entry, handle, scratch)
            if column > 1 or kind != 0:
                where = _ask(entry[7], handle, scratch)
            if where == 0 and _ask(entry[10], handle, scratch) != 0:
                kind = np.int64(0)  # no memory of its own: a zero that was never written down
            if column != 1:
                kind ^= where * _PRIME
            address[row, column] = where
            if first:
                seen[row, column] = kind
            elif seen[row, column] != kind:
                same = False
    return same


@njit(cache=True)
def release(entry: Any, handles: Any, held: Any, written: bool) -> None:
    """Give the gradients back; if the parameters were written, raise their version by one."""
    for row in range(handles.shape[0]):
        if held[row] != 0:
            _void(entry[9], held[row])
            held[row] = 0
        if written:
            _void(entry[11], handles[row, 0])
