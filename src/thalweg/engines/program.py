"""Programs: what a rule did to its numbers, run again in float64.

A recording's program is a few dozen rows of arithmetic. Running it is a loop over a table, compiled
once for all rules; calling the rule again would take ten times as long.
"""

from typing import Any

import numpy as np
from numba import njit

from thalweg.engines.recording import Recording

_CODES = [
    "input",
    "literal",
    "sum",
    "size",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "pow",
    "neg",
    "abs",
    "not",
    "sqrt",
    "exp",
    "log",
    "atan2",
    "sign",
    "maximum",
    "minimum",
    "where",
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "&",
    "|",
]
_CODE = {name: code for code, name in enumerate(_CODES)}
(
    _INPUT,
    _LITERAL,
    _SUM,
    _SIZE,
    _ADD,
    _SUB,
    _MUL,
    _DIV,
    _FLOORDIV,
    _MOD,
    _POW,
    _NEG,
    _ABS,
    _NOT,
    _SQRT,
    _EXP,
    _LOG,
    _ATAN2,
    _SIGN,
    _MAXIMUM,
    _MINIMUM,
    _WHERE,
    _LT,
    _LE,
    _GT,
    _GE,
    _EQ,
    _NE,
    _AND,
    _OR,
) = range(len(_CODES))


class Program:
    """A recording's numbers, for the tensors of one kernel call.

    Attributes:
        recording: whose.
        waits: for each stage but the last, the reductions that it makes, and which of the totals
            over all tensors each is; None for those over one.
        arguments: the kernel's arguments: a row for all tensors, or one for each if they differ.
    """

    def __init__(self, recording: Recording, sizes: np.ndarray) -> None:
        """Lay the table out.

        Args:
            recording: of the rule.
            sizes: of the tensors, in elements.
        """
        self.recording = recording
        totals = recording.totals
        self.waits = [
            [
                (place, totals.index(place) if reduction.of_all else None)
                for place, reduction in enumerate(recording.sums)
                if reduction.stage == stage
            ]
            for stage in range(recording.depth - 1)
        ]
        rows = len(sizes) if recording.per_tensor else 1
        self._table = np.zeros((rows, len(recording.rows)))
        for place, (operation, where, _, _) in enumerate(recording.rows):
            if operation == "literal":
                self._table[:, place] = recording.literals[where]
        code = [
            (_CODE[name], *operands, depth)
            for (name, *operands), depth in zip(recording.rows, recording.depths, strict=True)
        ]
        guards = [(_CODE[op], a, b, outcome) for op, a, b, outcome in recording.guards]
        self._code = np.array(code, np.int64).reshape(-1, 5)
        self._guards = np.array(guards, np.int64).reshape(-1, 4)
        self._places = np.array(recording.arguments, np.int64)
        self._sizes = sizes
        self._inputs = np.zeros(sum(row[0] == "input" for row in recording.rows))
        self.sums = np.zeros((rows, len(recording.sums)))
        self.arguments = np.zeros((rows, len(recording.arguments)))

    def start(self, inputs: list[float]) -> bool:
        """Compute what does not wait for a reduction.

        Returns:
            Whether the rule would branch as it did, and Python compute as this does: where finite
            numbers give none, as in 1 / 0, it may have something to say.
        """
        self._inputs[:] = inputs
        return self.proceed(0)

    def proceed(self, depth: int) -> bool:
        """Compute what waits for `depth` reductions, which are in `sums`."""
        return _run(
            depth,
            self._code,
            self._guards,
            self._inputs,
            self._sizes,
            self.sums,
            self._table,
            self._places,
            self.arguments,
        )

    def carried(self) -> tuple[float, ...]:
        """The numbers that the rule carries, once all is computed."""
        return tuple(float(self._table[0, place]) for place in self.recording.carried)


@njit(cache=True)
def _compare(code: int, a: float, b: float) -> bool:
    if code == _LT:
        return a < b
    if code == _LE:
        return a <= b
    if code == _GT:
        return a > b
    if code == _GE:
        return a >= b
    return a == b if code == _EQ else a != b


@njit(cache=True, error_model="numpy")
def _apply(code: int, a: float, b: float, c: float) -> float:
    if code == _ADD:
        return a + b
    if code == _SUB:
        return a - b
    if code == _MUL:
        return a * b
    if code == _DIV:
        return a / b
    if code == _POW:
        return a**b
    if code == _SQRT:
        return np.sqrt(a)
    if code == _NEG:
        return -a
    if code == _FLOORDIV:
        return a // b
    if code == _MOD:
        return a % b
    if code == _ABS:
        return abs(a)
    if code == _NOT:
        return 1.0 - a
    if code == _EXP:
        return np.exp(a)
    if code == _LOG:
        return np.log(a)
    if code == _ATAN2:
        return np.arctan2(a, b)
    if code == _SIGN:
        return 1.0 if a > 0 else (-1.0 if a < 0 else a)
    if code == _MAXIMUM:
        return a if a > b or a != a else b
    if code == _MINIMUM:
        return a if a < b or a != a else b
    if code == _WHERE:
        return b if a != 0 else c
    if code == _AND:
        return 1.0 if a != 0 and b != 0 else 0.0
    if code == _OR:
        return 1.0 if a != 0 or b != 0 else 0.0
    return 1.0 if _compare(code, a, b) else 0.0


@njit(cache=True)
def _run(
    depth: int,
    program: Any,
    guards: Any,
    inputs: Any,
    sizes: Any,
    sums: Any,
    table: Any,
    places: Any,
    arguments: Any,
) -> bool:
    calm = True
    for row in range(len(table)):
        for place in range(len(program)):
            if program[place, 4] != depth:
                continue
            code, a = program[place, 0], program[place, 1]
            if code == _INPUT:
                table[row, place] = inputs[a]
            elif code == _SUM:
                table[row, place] = sums[row, a]
            elif code == _SIZE:
                table[row, place] = sizes[row]
            elif code != _LITERAL:
                b, c = program[place, 2], program[place, 3]
                found = _apply(code, table[row, a], table[row, b], table[row, c])
                if not np.isfinite(found):
                    finite = np.isfinite(table[row, a]) and np.isfinite(table[row, b])
                    calm &= not finite
                table[row, place] = found
        for place in range(len(places)):
            arguments[row, place] = table[row, places[place]]
    if depth == 0:
        for guard in range(len(guards)):
            a, b = table[0, guards[guard, 1]], table[0, guards[guard, 2]]
            if _compare(guards[guard, 0], a, b) != (guards[guard, 3] == 1):
                return False
    return calm or depth > 0
