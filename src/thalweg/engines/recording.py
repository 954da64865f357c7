"""Recordings: what is left of a rule that was called with symbols.

Lines are what it did to arrays, and become a kernel. Rows are what it did to numbers, and become a
program. Where a reduction stands between, a line or a row has to wait: its stage or depth is how
many reductions must be done before it.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

# An operand is an index: 0 and up are lines (the inputs first), -1 and down are the kernel's
# arguments.
Line = tuple[str, int, int, int]
# An operand is the index of another number of the program.
Row = tuple[str, int, int, int]


class Sum(NamedTuple):
    """A reduction.

    Attributes:
        kind: "sum" of the elements, or of their "squares".
        stage: how many reductions come before it.
        line: of the array.
        of_all: whether it goes over all tensors, or one.
    """

    kind: str
    stage: int
    line: int
    of_all: bool


@dataclass
class Recording:
    """What is left of a call.

    Attributes:
        inputs: how many arrays the rule was called with.
        lines: (operation, operand, operand, operand) for each new array; unused operands are 0.
        stages: for each line, how many reductions come before it.
        sums: the reductions, in the order in which the rule asked for them.
        outputs: for each input, the line that replaces it, or None if the rule dropped it.
        rows: the program: ("input", place), ("literal", place), ("sum", reduction) or an operation
            and the numbers it is done to. Each is one number.
        depths: for each number, how many reductions come before it.
        literals: the numbers that the rule itself wrote down.
        arguments: for each argument of the kernel, which number it is.
        guards: comparisons that the rule branched on: (operation, number, number, outcome).
        carried: for each number that the rule returned after its arrays, which it is.
        per_tensor: whether some numbers differ from tensor to tensor.
        lasting: whether it stands for later steps too, as long as the guards hold; not if the
            rule took a number out of its symbol, with `math.log` or `float`.
    """

    inputs: int
    lines: tuple[Line, ...] = ()
    stages: tuple[int, ...] = ()
    sums: tuple[Sum, ...] = ()
    outputs: tuple[int | None, ...] = ()
    rows: list[Row] = field(default_factory=list[Row])
    depths: list[int] = field(default_factory=list[int])
    literals: list[float] = field(default_factory=list[float])
    arguments: list[int] = field(default_factory=list[int])
    guards: list[tuple[str, int, int, bool]] = field(
        default_factory=list[tuple[str, int, int, bool]]
    )
    carried: list[int] = field(default_factory=list[int])
    per_tensor: bool = False
    lasting: bool = True

    @property
    def depth(self) -> int:
        """How many times all tensors must be read; the last time they are written."""
        return 2 + max((s.stage for s in self.sums), default=-1)

    @property
    def totals(self) -> list[int]:
        """The reductions over all tensors."""
        return [place for place, s in enumerate(self.sums) if s.of_all]
