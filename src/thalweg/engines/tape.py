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

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from thalweg.engines.result import split
from thalweg.rules import words
from thalweg.rules.fading import Step

_op: Any = operator  # some of its functions are typed in part only

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


class _Tape:
    """A recording while it is made."""

    def __init__(self, present: Sequence[bool]) -> None:
        self.lines: list[Line] = [("input", 0, 0, 0)] * len(present)
        self.stages = [0] * len(present)
        self.made = Recording(len(present))
        self.ranks: list[int] = []
        self.sums: list[Sum] = []

    def array(self, operation: str, *operands: Any) -> "Symbol":
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

    def number(self, value: Any) -> "Number":
        """The symbol of a number; a plain one is a literal."""
        if isinstance(value, Number):
            return value
        plain = float(value)
        self.made.literals.append(plain)
        return self.row("literal", len(self.made.literals) - 1, value=plain)

    def input(self, value: Any) -> "Number":
        """The symbol of a number that the rule is called with."""
        places = sum(row[0] == "input" for row in self.made.rows)
        return self.row("input", places, value=value)

    def row(
        self, operation: str, *operands: int, value: float | None, depth: int = 0, rank: int = 0
    ) -> "Number":
        """A new number; one without a value is known only when the kernel runs.

        A number of rank 0 is one for all tensors; of rank 1, one for each.
        """
        a, b, c = (*operands, 0, 0, 0)[:3]
        self.made.rows.append((operation, a, b, c))
        self.made.depths.append(depth)
        self.ranks.append(rank)
        return Number(self, len(self.made.rows) - 1, value)

    def compute(self, operation: str, function: Callable[..., Any], *operands: Any) -> "Number":
        """A new number out of others."""
        symbols = [self.number(operand) for operand in operands]
        places = [s.index for s in symbols]
        values = [s.value for s in symbols]
        value = None if None in values else function(*values)
        depth = max(self.made.depths[p] for p in places)
        rank = max(self.ranks[p] for p in places)
        return self.row(operation, *places, value=value, depth=depth, rank=rank)

    def reduce(self, kind: str, array: "Symbol", rank: int) -> "Number":
        """The sum of an array's elements, or of their squares."""
        self.sums.append(Sum(kind, array.stage, array.index, rank == 0))
        place = len(self.sums) - 1
        return self.row("sum", place, value=None, depth=array.stage + 1, rank=rank)


class Symbol:
    """An array that is not there: it remembers what was done to it."""

    __slots__ = ("index", "stage", "tape")
    __array_ufunc__ = None  # a NumPy scalar on the left must not swallow the symbol

    def __init__(self, tape: _Tape, index: int, stage: int) -> None:
        self.tape = tape
        self.index = index
        self.stage = stage

    def __pow__(self, exponent: Any) -> Any:
        this: Any = self
        if exponent == 2:
            return this * this
        if exponent == 0.5:
            return words.sqrt(this)
        raise TypeError(
            f"an array to the power {exponent!r} is not in a rule's words; 2 and 0.5 are, "
            "and products and roots of them"
        )

    def __rpow__(self, base: Any) -> Any:
        raise TypeError(f"{base!r} to the power of an array is not in a rule's words")

    def __bool__(self) -> bool:
        raise TypeError(
            "a rule may branch on numbers, not on arrays, whose elements may disagree; "
            "say where(condition, x, y)"
        )

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"a rule's arrays have no {name!r}; its words are + - * / abs() and those of "
            "thalweg.rules.words"
        )

    @classmethod
    def __torch_function__(cls, function: Any, *_: Any) -> Any:
        raise TypeError(
            f"torch.{getattr(function, '__name__', function)} is not a rule's word, for not every "
            "engine has torch; say it with those of thalweg.rules.words"
        )


class Number:
    """A number that may be another one at the next step.

    Attributes:
        value: what it is now; None if only the kernel will know, for it is made of a reduction.
        product: for a decay that was another one before, what `decay**step` stands for.
    """

    __slots__ = ("index", "product", "tape", "value")
    __array_ufunc__ = None

    def __init__(self, tape: _Tape, index: int, value: Any) -> None:
        self.tape = tape
        self.index = index
        self.value = value
        self.product: Number | None = None

    def __pow__(self, exponent: Any) -> Any:
        if isinstance(exponent, Symbol):
            return NotImplemented
        step = isinstance(exponent, Number) and isinstance(exponent.value, Step)
        if step and self.product is not None:
            return self.product  # of all decays so far: see rules/fading.py
        return self.tape.compute("pow", _op.pow, self, exponent)

    def __rpow__(self, base: Any) -> Any:
        return self.tape.compute("pow", _op.pow, base, self)

    def __bool__(self) -> bool:
        return self.branch("!=", 0.0)

    def branch(self, operation: str, other: Any) -> bool:
        """How a comparison comes out now; later steps must come out alike."""
        number = self.tape.number(other)
        outcome = bool(_COMPARE[operation](self.now(), number.now()))
        self.tape.made.guards.append((operation, self.index, number.index, outcome))
        return outcome

    def now(self) -> Any:
        """What it is at this step."""
        if self.value is None:
            raise TypeError(
                "a rule may not branch on a reduction, which is known only when the kernel runs; "
                "say where(condition, x, y), maximum(x, y) or minimum(x, y)"
            )
        return self.value

    def _plain(self) -> Any:
        value = self.now()
        self.tape.made.lasting = False
        return value

    def __float__(self) -> float:
        return float(self._plain())

    def __int__(self) -> int:
        return int(self._plain())

    def __index__(self) -> int:
        return _op.index(self._plain())

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._plain(), digits)

    def __format__(self, spec: str) -> str:
        return format(self._plain(), spec)


_COMPARE: dict[str, Any] = {
    "<": _op.lt,
    "<=": _op.le,
    ">": _op.gt,
    ">=": _op.ge,
    "==": _op.eq,
    "!=": _op.ne,
}
_ARITHMETIC: dict[str, tuple[str, Any]] = {
    "add": ("+", _op.add),
    "sub": ("-", _op.sub),
    "mul": ("*", _op.mul),
    "truediv": ("/", _op.truediv),
    "and": ("&", _op.and_),
    "or": ("|", _op.or_),
}
_OF_NUMBERS_ONLY: dict[str, tuple[str, Any]] = {
    "floordiv": ("//", _op.floordiv),
    "mod": ("%", _op.mod),
}


def _on_arrays(sign: str) -> tuple[Any, Any]:
    def forward(self: Symbol, other: Any) -> Symbol:
        return self.tape.array(sign, self, other)

    def backward(self: Symbol, other: Any) -> Symbol:
        return self.tape.array(sign, other, self)

    return forward, backward


def _on_numbers(sign: str, function: Any) -> tuple[Any, Any]:
    def forward(self: Number, other: Any) -> Any:
        if isinstance(other, Symbol):
            return self.tape.array(sign, self, other)
        return self.tape.compute(sign, function, self, other)

    def backward(self: Number, other: Any) -> Any:
        return self.tape.compute(sign, function, other, self)

    return forward, backward


def _comparison(sign: str) -> Any:
    def compare(self: Number, other: Any) -> Any:
        if isinstance(other, Symbol):
            return self.tape.array(sign, self, other)
        unknown = self.value is None or (isinstance(other, Number) and other.value is None)
        if unknown:
            return self.tape.compute(sign, _COMPARE[sign], self, other)
        return self.branch(sign, other)

    return compare


def _alone(word: str, function: Any) -> tuple[Any, Any]:
    def of_array(self: Symbol) -> Symbol:
        return self.tape.array(word, self)

    def of_number(self: Number) -> Number:
        return self.tape.compute(word, function, self)

    return of_array, of_number


def _teach() -> None:
    """Give the two kinds of symbols their operators."""
    for name, (sign, function) in (_ARITHMETIC | _OF_NUMBERS_ONLY).items():
        kinds: list[tuple[type, Any]] = [(Number, _on_numbers(sign, function))]
        if name in _ARITHMETIC:
            kinds.append((Symbol, _on_arrays(sign)))
        for kind, (forward, backward) in kinds:
            setattr(kind, f"__{name}__", forward)
            setattr(kind, f"__r{name}__", backward)
    for sign, function in _COMPARE.items():
        setattr(Symbol, f"__{function.__name__}__", _on_arrays(sign)[0])
        setattr(Number, f"__{function.__name__}__", _comparison(sign))
    for name, word, function in (
        ("neg", "neg", _op.neg),
        ("abs", "abs", abs),
        ("invert", "not", _op.not_),
    ):
        of_array, of_number = _alone(word, function)
        setattr(Symbol, f"__{name}__", of_array)
        setattr(Number, f"__{name}__", of_number)
    Symbol.__hash__ = None  # type: ignore[assignment]  # == is a line too
    Number.__hash__ = None  # type: ignore[assignment]  # == is a guard


_teach()


def _pointwise(word: str, function: Callable[..., Any]) -> Any:
    def say(*operands: Any) -> Any:
        symbol = next(x for x in operands if isinstance(x, (Symbol, Number)))
        if any(isinstance(x, Symbol) for x in operands):
            return symbol.tape.array(word, *operands)
        return symbol.tape.compute(word, function, *operands)

    return staticmethod(say)


class SymbolWords:
    """How symbols say the words."""

    sqrt = _pointwise("sqrt", math.sqrt)
    exp = _pointwise("exp", math.exp)
    log = _pointwise("log", math.log)
    sign = _pointwise("sign", words.Numbers.sign)
    maximum = _pointwise("maximum", words.Numbers.maximum)
    minimum = _pointwise("minimum", words.Numbers.minimum)
    atan2 = _pointwise("atan2", math.atan2)

    @staticmethod
    def where(condition: Any, x: Any, y: Any) -> Any:
        if isinstance(condition, bool):  # a comparison of numbers, which the rule branched on
            return x if condition else y
        if not any(isinstance(a, Symbol) for a in (condition, x, y)):
            return condition.tape.compute("where", words.Numbers.where, condition, x, y)
        return condition.tape.array("where", condition, x, y)

    @staticmethod
    def total(x: Any) -> Any:
        if isinstance(x, Number):
            return x  # a number is an array of one element
        operation, one, other, _ = x.tape.lines[x.index]
        if operation == "*" and one == other >= 0:  # squared in float64, where it can't overflow
            return x.tape.reduce("squares", Symbol(x.tape, one, x.tape.stages[one]), rank=0)
        return x.tape.reduce("sum", x, rank=0)

    @staticmethod
    def norm(x: Any) -> Any:
        if isinstance(x, Number):
            return abs(cast(Any, x))
        return words.sqrt(x.tape.reduce("squares", x, rank=1))

    @staticmethod
    def mean(x: Any) -> Any:
        if isinstance(x, Number):
            return x
        total: Any = x.tape.reduce("sum", x, rank=1)
        return total / words.maximum(x.tape.row("size", value=None, rank=1), 1.0)

    @staticmethod
    def row_mean(x: Any) -> Any:
        raise TypeError(
            "row_mean and column_mean are not words of a kernel, which knows elements and no rows; "
            'say engine="eager", which has them'
        )

    column_mean = row_mean


words.speak(Symbol, SymbolWords)
words.speak(Number, SymbolWords)


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
    tape = _Tape(present)
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
