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
_HEADER = 16
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
_item = _function(2, _WORD, types.int64)  # PyDict_GetItem: borrowed, and 0 if it is not there


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
def _layout(entry: Any, handle: int, scratch: Any) -> Any:
    """A number that differs wherever sizes or strides do."""
    dim = _ask(entry[4], handle, scratch)
    sizes = _ask(entry[5], handle, scratch)
    strides = _ask(entry[6], handle, scratch)
    seen = np.int64(1469598103934665603)
    for d in range(dim):
        size = _word(sizes + 8 * d)
        # The stride along a dimension of one element means nothing and may be anything.
        stride = _word(strides + 8 * d) if size != 1 else np.int64(0)
        seen = (seen * _PRIME) ^ size
        seen = (seen * _PRIME) ^ stride
    return seen


@njit(cache=True)
def _plain(entry: Any, handle: int, scratch: Any) -> bool:
    """Whether a gradient is strided, on the CPU, and not to be read as its negative."""
    strided = _ask(entry[1], handle, scratch) == 0 and _ask(entry[2], handle, scratch) == 0
    return strided and _void(entry[12], handle) & 1 == 0


@njit(cache=True)
def look(
    entry: Any,
    handles: Any,
    held: Any,
    scratch: Any,
    address: Any,
    seen: Any,
    states: Any,
    keys: Any,
    first: bool,
) -> bool:
    """Fill in `address`; whether all is as in `seen` (filled in at first).

    A gradient comes anew at every step, and may lie anywhere; parameters and states must lie where
    they lay. States must be the objects that their dicts hold, and all have the same step.

    `handles` gets the gradients' handles, `held` owning ones, which `release` must give back:
    the kernel runs without Python's lock, and another thread may drop a gradient meanwhile.
    """
    same = True
    last = len(keys) - 1
    step = _item(entry[14], states[0], keys[last]) if len(states) else np.int64(0)
    for row in range(handles.shape[0]):
        same &= _item(entry[14], states[row], keys[last]) == step
        param = handles[row, 0]
        form = _layout(entry, param, scratch)
        where = _ask(entry[7], param, scratch)
        same &= _note(seen, row, 0, form ^ (where * _PRIME), first)
        address[row, 0] = where

        grad = _pointer_of(entry[13], _word(param))
        handles[row, 1] = grad
        held[row] = 0
        kind, where = np.int64(0), np.int64(0)
        if _ask(entry[0], grad, scratch) != 0:
            scratch[0] = 0
            _status(entry[8], grad, scratch.ctypes.data)
            held[row] = scratch[0]
            if _plain(entry, grad, scratch):
                kind = _layout(entry, grad, scratch) ^ _ask(entry[3], grad, scratch)
                where = _ask(entry[7], grad, scratch)
                if where == 0 and _ask(entry[10], grad, scratch) != 0:
                    kind = np.int64(0)  # no memory of its own: a zero that nobody wrote down
        same &= _note(seen, row, 1, kind, first)
        address[row, 1] = where

        for column in range(2, handles.shape[1]):
            state = handles[row, column]
            # The object is an at::Tensor's handle less what stands before that in it.
            same &= _item(entry[14], states[row], keys[column - 2]) == state - _HEADER
            where = _ask(entry[7], state, scratch)
            size = _ask(entry[10], state, scratch)
            same &= _note(seen, row, column, size ^ (where * _PRIME), first)
            address[row, column] = where
    return same


@njit(cache=True)
def _note(seen: Any, row: int, column: int, kind: Any, first: bool) -> bool:
    if first:
        seen[row, column] = kind
    return seen[row, column] == kind


@njit(cache=True)
def release(entry: Any, handles: Any, held: Any, written: bool) -> None:
    """Give the gradients back; if the parameters were written, raise their version by one."""
    for row in range(handles.shape[0]):
        if held[row] != 0:
            _void(entry[9], held[row])
            held[row] = 0
        if written:
            _void(entry[11], handles[row, 0])
