"""Driving: all pieces of all tensors through a kernel, by one thread or by many.

A kernel is a C function that goes over one piece; who calls it for which pieces is compiled once,
here, and not with every kernel again.
"""

from typing import Any

from llvmlite import ir
from numba import njit, prange, types
from numba.extending import intrinsic as _intrinsic

intrinsic: Any = _intrinsic  # the functions it makes are called without `typingctx`

_WORD = ir.IntType(64)


@intrinsic
def _call(
    typingctx: Any,
    kernel: Any,
    address: Any,
    number: Any,
    key: Any,
    step: Any,
    found: Any,
    start: Any,
    count: Any,
) -> Any:
    """Call the C function at an address: see `memory.KERNEL`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        shape = ir.FunctionType(ir.VoidType(), [_WORD] * 7)
        builder.call(builder.inttoptr(arguments[0], shape.as_pointer()), arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), generate


@njit(cache=True, inline="always")
def _one(
    p: int, kernel: int, address: Any, number: Any, keys: Any, step: int, found: Any, pieces: Any
) -> None:
    tensor = pieces[p, 0]
    row = tensor if len(number) > 1 else 0
    _call(
        kernel,
        address.ctypes.data + 8 * tensor * address.shape[1],
        number.ctypes.data + 8 * row * number.shape[1],
        keys[tensor],
        step,
        found.ctypes.data + 8 * p * found.shape[1],
        pieces[p, 1],
        pieces[p, 2],
    )


@njit(cache=True)
def gather(found: Any, pieces: Any, shares: Any) -> None:
    """Add up the sums of each tensor's pieces, in their order.

    Args:
        found: a row for each piece.
        pieces: rows of (tensor, start, count).
        shares: zeros; a row for each tensor.
    """
    for p in range(len(pieces)):
        for place in range(found.shape[1]):
            shares[pieces[p, 0], place] += found[p, place]


@njit(nogil=True, cache=True)
def serial(
    kernel: int,
    address: Any,
    number: Any,
    keys: Any,
    step: int,
    found: Any,
    pieces: Any,
    spans: Any,
) -> None:
    """Go over all pieces.

    Args:
        kernel: where the C function lies.
        address: the tensors' addresses: a row for each.
        number: the kernel's arguments: a row for all tensors, or one for each.
        keys: a number for each tensor, for noise.
        step: the number of the step, for noise.
        found: the sums go here: a row for each piece.
        pieces: rows of (tensor, start, count).
        spans: where each thread's pieces begin.
    """
    for p in range(len(pieces)):
        _one(p, kernel, address, number, keys, step, found, pieces)


@njit(nogil=True, cache=True, parallel=True)
def parallel(
    kernel: int,
    address: Any,
    number: Any,
    keys: Any,
    step: int,
    found: Any,
    pieces: Any,
    spans: Any,
) -> None:
    """The same by as many threads as there are spans."""
    for s in prange(len(spans) - 1):
        for p in range(spans[s], spans[s + 1]):
            _one(p, kernel, address, number, keys, step, found, pieces)
