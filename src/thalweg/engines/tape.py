"""The tape: a rule written down, by calling it with symbols in place of arrays and numbers.

What is done to arrays becomes the lines of a kernel. What is done to numbers becomes a program of
its own, run in float64 before the kernel: bias corrections, a schedule's rate, RAdam's branch. A
number that meets an array becomes an argument of the kernel, so a new learning rate, or a first
step that differs from the second, is a new argument and never a new kernel.

A rule may branch on numbers. Which way it went is kept with the recording, as a guard: at a later
step the program is run again with the new numbers, and as long as all guards hold, the rule need
not be called. That is most steps, and what makes many small tensors cheap: calling Adam takes 12
µs, and twice that with cold caches, running its program 2.

A reduction (`norm`, `mean`, `total`) is where a kernel must end before the next can begin: it
knows its sum only when all elements have been seen. Every line and every number has a stage: how
many reductions must be done before it can be computed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from thalweg.engines.recording import Line, Recording, Sum
from thalweg.engines.result import split
from thalweg.engines.symbol import Number, Symbol


class Tape:
    """A recording while it is made."""

    def __init__(self, present: Sequence[bool]) -> None:
        self.lines: list[Line] = [("input", 0, 0, 0)] * len(present)
        self.stages = [0] * len(present)
        self.made = Recording(len(present))
        self.ranks: list[int] = []
        self.sums: list[Sum] = []

    def array(self, operation: str, *operands: Any) -> Symbol:
        """A new line."""
        stage = 0
        places: list[int] = []
        for operand in operands:
            if isinstance(operand, Symbol):
                places.append(operand.index)
                stage = max(stage, operand.stage)
            else:
                number = self.number(operand)
                stage = max(stage, self.made.depths[number.index])
                self.made.arguments.append(number.index)
                places.append(-len(self.made.arguments))
        a, b, c = (*places, 0, 0)[:3]
        self.lines.append((operation, a, b, c))
        self.stages.append(stage)
        return Symbol(self, len(self.lines) - 1, stage)

    def number(self, value: Any) -> Number:
        """The symbol of a number; a plain one is a literal."""
        if isinstance(value, Number):
            return value
        plain = float(value)
        self.made.literals.append(plain)
        return self.row("literal", len(self.made.literals) - 1, value=plain)

    def input(self, value: Any) -> Number:
        """The symbol of a number that the rule is called with; these come before all others."""
        return self.row("input", len(self.made.rows), value=value)

    def row(
        self, operation: str, *operands: int, value: float | None, depth: int = 0, rank: int = 0
    ) -> Number:
        """A new number; one without a value is known only when the kernel runs.

        A number of rank 0 is one for all tensors; of rank 1, one for each.
        """
        a, b, c = (*operands, 0, 0, 0)[:3]
        self.made.rows.append((operation, a, b, c))
        self.made.depths.append(depth)
        self.ranks.append(rank)
        return Number(self, len(self.made.rows) - 1, value)

    def compute(self, operation: str, function: Callable[..., Any], *operands: Any) -> Number:
        """A new number out of others."""
        symbols = [self.number(operand) for operand in operands]
        places = [s.index for s in symbols]
        values = [s.value for s in symbols]
        value = None if None in values else function(*values)
        depth = max(self.made.depths[p] for p in places)
        rank = max(self.ranks[p] for p in places)
        return self.row(operation, *places, value=value, depth=depth, rank=rank)

    def reduce(self, kind: str, array: Symbol, rank: int) -> Number:
        """The sum of an array's elements, or of their squares."""
        self.sums.append(Sum(kind, array.stage, array.index, rank == 0))
        place = len(self.sums) - 1
        return self.row("sum", place, value=None, depth=array.stage + 1, rank=rank)

    def size(self) -> Number:
        """How many elements a tensor has."""
        return self.row("size", value=None, rank=1)

    def root(self, array: Symbol) -> Symbol | None:
        """What an array is the square of, if it was made as one."""
        operation, one, other, _ = self.lines[array.index]
        square = operation == "*" and one == other >= 0
        return Symbol(self, one, self.stages[one]) if square else None

    def guard(self, operation: str, one: Number, other: Number, *, outcome: bool) -> None:
        """Keep how a comparison came out: the rule branched on it."""
        self.made.guards.append((operation, one.index, other.index, outcome))

    def once(self) -> None:
        """The recording is for this step only: a number was taken out of its symbol."""
        self.made.lasting = False


def record(
    update: Callable[..., Any],
    present: Sequence[bool],
    numbers: Mapping[str, Any],
    products: Mapping[str, float] | None = None,
    **fixed: Any,
) -> Recording:
    """Call `update` with a symbol for each array and each number and keep what it did.

    Args:
        update: `update(param, grad, *states, **numbers)`, as a rule.
        present: for `param`, `grad` and each state, whether it is there; the rule gets None for
            those that are not.
        numbers: the step, the hyper-parameters and the carried numbers, which later steps may
            change.
        products: for decays that were others before, what `decay**step` stands for. They are
            inputs of the program too, after the numbers.
        **fixed: what the rule gets as it is: choices and flags.

    Raises:
        TypeError: one line that says what the rule did that a tape can't hold.
    """
    tape = Tape(present)
    made = tape.made
    given = {name: tape.input(value) for name, value in numbers.items()}
    for name, product in (products or {}).items():
        given[name].product = tape.input(product)
    symbols = [Symbol(tape, i, 0) if there else None for i, there in enumerate(present)]
    there = (present[0], *present[2:])  # the gradient is only read
    arrays, carried = split(update, update(*symbols, **given, **fixed), there)
    name = getattr(update, "__name__", "the rule")
    outputs: list[int | None] = []
    for new, kept in zip(arrays, there, strict=True):
        if kept and not isinstance(new, Symbol):
            raise TypeError(f"{name} returned a {type(new).__name__} where an array belongs")
        outputs.append(new.index if kept else None)
    made.lines, made.stages = tuple(tape.lines), tuple(tape.stages)
    made.sums, made.outputs = tuple(tape.sums), tuple(outputs)
    if any(isinstance(value, Symbol) for value in carried):
        raise TypeError(f"{name} returned an array where a carried number belongs")
    made.carried = [tape.number(value).index for value in carried]
    made.per_tensor = any(tape.ranks)
    if any(tape.ranks[place] for place in made.carried):
        raise TypeError(
            f"{name} carries a number that differs from tensor to tensor; total(x) is one number "
            "for all, norm(x) and mean(x) are not"
        )
    return made
