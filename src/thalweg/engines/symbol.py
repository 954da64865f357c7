"""Symbols: what a rule is called with to be written down, in place of arrays and of numbers.

They have the operators of arrays and numbers, and say the words. What is done to them, they tell
their tape.
"""

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from thalweg.rules import words
from thalweg.rules.fading import Step

if TYPE_CHECKING:
    from thalweg.engines.tape import Tape

_op: Any = operator  # some of its functions are typed in part only


class Symbol:
    """An array that is not there: it remembers what was done to it."""

    __slots__ = ("index", "stage", "tape")
    __array_ufunc__ = None  # a NumPy scalar on the left must not swallow the symbol

    def __init__(self, tape: "Tape", index: int, stage: int) -> None:
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

    def __init__(self, tape: "Tape", index: int, value: Any) -> None:
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
        self.tape.guard(operation, self, number, outcome=outcome)
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
        self.tape.once()
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
        base = x.tape.root(x)
        if base is not None:  # squared in float64, where it can't overflow
            return x.tape.reduce("squares", base, rank=0)
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
        return total / words.maximum(x.tape.size(), 1.0)

    @staticmethod
    def row_mean(x: Any) -> Any:
        raise TypeError(
            "row_mean and column_mean are not words of a kernel, which knows elements and no rows; "
            'say engine="eager", which has them'
        )

    column_mean = row_mean


words.speak(Symbol, SymbolWords)
words.speak(Number, SymbolWords)
