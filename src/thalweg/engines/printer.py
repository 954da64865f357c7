"""The printer: a tape becomes the source of a Numba kernel.

The source is for people too: it opens with the rule as its author wrote it, and goes on with the
same operations one by one.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from thalweg.engines.tape import Recording

_FORMS = {
    "+": "{0} + {1}",
    "-": "{0} - {1}",
    "*": "{0} * {1}",
    "/": "{0} / {1}",
    "<": "{0} < {1}",
    "<=": "{0} <= {1}",
    ">": "{0} > {1}",
    ">=": "{0} >= {1}",
    "==": "{0} == {1}",
    "!=": "{0} != {1}",
    "&": "{0} & {1}",
    "|": "{0} | {1}",
    "not": "not {0}",
    "neg": "-{0}",
    "abs": "abs({0})",
    "sqrt": "np.sqrt({0})",
    # NaN compares false with everything: it is passed on, as NumPy does.
    "sign": "one if {0} > zero else (-one if {0} < zero else {0})",
    "maximum": "{0} if {0} > {1} or {0} != {0} else {1}",
    "minimum": "{0} if {0} < {1} or {0} != {0} else {1}",
    "where": "{1} if {0} else {2}",
}

_SOURCE = '''\
"""{title}, printed by thalweg {version}. Arithmetic in {wide}; stored: {stored}."""
#
{rule}
#
import numpy as np
from numba import njit, prange
from thalweg.engines import memory

one, zero = np.{wide}(1), np.{wide}(0)
options = dict(nogil=True, cache=True, error_model="numpy", boundscheck=False)


@njit(**options)
def piece(address, number, tensor, start, count):
{arrays}
{numbers}
    for i in range(count):
{body}


@njit(**options)
def serial(address, number, pieces, spans):
    for p in range(len(pieces)):
        piece(address, number, pieces[p, 0], pieces[p, 1], pieces[p, 2])


@njit(parallel=True, **options)
def parallel(address, number, pieces, spans):
    for s in prange(len(spans) - 1):
        for p in range(spans[s], spans[s + 1]):
            piece(address, number, pieces[p, 0], pieces[p, 1], pieces[p, 2])
'''


def print_kernel(
    recording: Recording,
    names: Sequence[str],
    dtypes: Sequence[str | None],
    *,
    rule: Callable[..., Any],
    version: str,
) -> str:
    """The source of the kernel for a tape.

    Args:
        recording: the tape.
        names: what the inputs are called: param, grad and the states.
        dtypes: how each input is stored, by name: "float32", "bfloat16", ...; None if the rule
            goes without it.
        rule: the function that was recorded; its source stands at the head of the kernel's.
        version: thalweg's.

    Returns:
        A Python module with `serial` and `parallel`, which take the table of addresses
        (a row a tensor, a column an input), the numbers, the pieces (tensor, start, count) and
        where each thread's pieces begin.
    """
    column_of = dict(zip((i for i, d in enumerate(dtypes) if d), range(len(names)), strict=False))
    wide = "float64" if "float64" in dtypes else "float32"
    used = {i for line in recording.lines for i in line[1:] if 0 <= i < recording.inputs}
    used |= {i for i in recording.outputs if i is not None and i < recording.inputs}
    written = [0, *range(2, recording.inputs)]
    columns = sorted(
        used | {c for c, o in zip(written, recording.outputs, strict=True) if o not in (None, c)}
    )

    def operand(index: int) -> str:
        if index < 0:
            return f"k{-index - 1}"
        return f"x_{names[index]}" if index < recording.inputs else f"v{index}"

    body = [f"x_{names[c]} = {_load(dtypes[c], f'at_{names[c]}[i]', wide)}" for c in sorted(used)]
    for index, (operation, *operands) in enumerate(recording.lines):
        if operation != "input":
            form = _FORMS[operation].format(*map(operand, operands))
            body.append(f"v{index} = {form}")
    for column, output in zip(written, recording.outputs, strict=True):
        if output not in (None, column):
            body.append(f"at_{names[column]}[i] = {_store(dtypes[column], operand(output))}")
    return _SOURCE.format(
        title=rule.__name__,
        version=version,
        wide=wide,
        stored=", ".join(f"{names[c]} {dtypes[c]}" for c in columns),
        rule=_as_comment(rule),
        arrays="\n".join(
            f"    at_{names[c]} = memory.elements_{dtypes[c]}"
            f"(address[tensor, {column_of[c]}], start, count)"
            for c in columns
        ),
        numbers="\n".join(
            f"    k{n} = np.{wide}(number[{n}])" for n in range(len(recording.numbers))
        ),
        body="\n".join(" " * 8 + line for line in body),
    )


def _load(dtype: str | None, element: str, wide: str) -> str:
    value = element if dtype in ("float32", "float64") else f"memory.widen_{dtype}({element})"
    return value if wide in (dtype, "float32") else f"np.{wide}({value})"


def _store(dtype: str | None, value: str) -> str:
    if dtype in ("float32", "float64"):
        return value  # the array's own type rounds
    return f"memory.narrow_{dtype}({value})"


def _as_comment(rule: Callable[..., Any]) -> str:
    try:
        source = inspect.getsource(rule)
    except (OSError, TypeError):
        source = f"(the source of {rule.__name__} is not at hand)"
    return "\n".join(f"#   {line}".rstrip() for line in source.splitlines())
