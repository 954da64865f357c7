"""The tape: a rule written down, by calling it with symbols in place of arrays.

The step's hyper-parameters are Python floats, so Python itself does all the arithmetic between
numbers, in float64: bias corrections, RAdam's branch, a schedule. Only what touches a symbol is
recorded. A number that meets a symbol becomes an argument of the kernel, so a new learning rate is
a new argument and never a new kernel. The tape without its numbers is what a kernel is made from,
and the key under which it is found again.

Recording is done at every step; it takes about as long as one small torch operation.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from thalweg.engines.result import split
from thalweg.rules import words

# An operand is an index: 0 and up are values (the inputs first, then one for each line),
# -1 and down are numbers.
Line = tuple[str, int, int, int]


class Recording(NamedTuple):
    """What is left of a call.

    Attributes:
        inputs: how many symbols the rule was called with.
        lines: (operation, operand, operand, operand) for each new value; unused operands are 0.
        outputs: for each input, the value that replaces it, or None if the rule dropped it.
        numbers: the kernel's arguments.
        carried: what the rule returned after its arrays, on the host.
    """

    inputs: int
    lines: tuple[Line, ...]
    outputs: tuple[int | None, ...]
    numbers: list[float]
    carried: tuple[float, ...]


class Symbol:
    """An array that is not there: it remembers what was done to it."""

    __slots__ = ("index", "lines", "numbers", "pool")
    __array_ufunc__ = None  # a NumPy scalar on the left must not swallow the symbol

    def __init__(self, pool: "Pool", index: int) -> None:
        self.pool = pool
        self.index = index
        self.lines = pool.lines
        self.numbers = pool.numbers

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


class Pool(list[Symbol]):
    """The symbols of one tape after another, by index: making them anew took half of the time."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.numbers: list[float] = []

    def last(self) -> Symbol:
        """The symbol of the last line."""
        while len(self) < len(self.lines):
            self.append(Symbol(self, len(self)))
        return self[len(self.lines) - 1]


_local = threading.local()


def _operand(symbol: Symbol, value: Any) -> int:
    if value.__class__ is Symbol:
        return value.index
    symbol.numbers.append(float(value))
    return -len(symbol.numbers)


def _new(symbol: Symbol, line: Line) -> Symbol:
    symbol.lines.append(line)
    return symbol.pool.last()


def _binary(operation: str) -> Any:
    def record(self: Symbol, other: Any) -> Symbol:
        # `_operand` and `_new` once more, without their calls: this is most of a recording.
        lines, numbers = self.lines, self.numbers
        if other.__class__ is Symbol:
            lines.append((operation, self.index, other.index, 0))
        else:
            numbers.append(other if other.__class__ is float else float(other))
            lines.append((operation, self.index, -len(numbers), 0))
        try:
            return self.pool[len(lines) - 1]
        except IndexError:
            return self.pool.last()

    return record


def _reflected(operation: str) -> Any:
    def record(self: Symbol, other: Any) -> Symbol:
        numbers = self.numbers
        numbers.append(other if other.__class__ is float else float(other))
        return _new(self, (operation, -len(numbers), self.index, 0))

    return record


def _unary(operation: str) -> Any:
    def record(self: Symbol) -> Symbol:
        return _new(self, (operation, self.index, 0, 0))

    return record


for _name, _sign in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/")):
    setattr(Symbol, f"__{_name}__", _binary(_sign))
    setattr(Symbol, f"__r{_name}__", _reflected(_sign))
for _name, _sign in (
    ("lt", "<"),
    ("le", "<="),
    ("gt", ">"),
    ("ge", ">="),
    ("eq", "=="),
    ("ne", "!="),
    ("and", "&"),
    ("or", "|"),
):
    setattr(Symbol, f"__{_name}__", _binary(_sign))
for _name, _word in (("neg", "neg"), ("abs", "abs"), ("invert", "not")):
    setattr(Symbol, f"__{_name}__", _unary(_word))


class SymbolWords:
    """How symbols say the words."""

    sqrt = staticmethod(_unary("sqrt"))
    sign = staticmethod(_unary("sign"))

    @staticmethod
    def maximum(x: Any, y: Any) -> Symbol:
        symbol = x if isinstance(x, Symbol) else y
        return _new(symbol, ("maximum", _operand(symbol, x), _operand(symbol, y), 0))

    @staticmethod
    def minimum(x: Any, y: Any) -> Symbol:
        symbol = x if isinstance(x, Symbol) else y
        return _new(symbol, ("minimum", _operand(symbol, x), _operand(symbol, y), 0))

    @staticmethod
    def where(condition: Symbol, x: Any, y: Any) -> Symbol:
        chosen = _operand(condition, x), _operand(condition, y)
        return _new(condition, ("where", condition.index, *chosen))


Symbol.__hash__ = None  # type: ignore[assignment]  # == is a line too

words.speak(Symbol, SymbolWords)


def record(update: Callable[..., Any], present: Sequence[bool], **numbers: Any) -> Recording:
    """Call `update` with a symbol for each array and keep what it did.

    Args:
        update: `update(param, grad, *states, **numbers)`, as a rule.
        present: for `param`, `grad` and each state, whether it is there; the rule gets None for
            those that are not.
        **numbers: the step, the hyper-parameters and the carried numbers.

    Raises:
        TypeError: one line that says what the rule did that a tape can't hold.
    """
    pool: Pool | None = getattr(_local, "pool", None)
    if pool is None:
        pool = _local.pool = Pool()
    pool.lines[:] = [("input", 0, 0, 0)] * len(present)
    pool.numbers.clear()
    pool.last()
    symbols = [pool[i] if there else None for i, there in enumerate(present)]
    there = (present[0], *present[2:])  # the gradient is only read
    arrays, carried = split(update, update(*symbols, **numbers), there)
    outputs: list[int | None] = []
    for new, kept in zip(arrays, there, strict=True):
        if kept and not isinstance(new, Symbol):
            raise TypeError(
                f"{getattr(update, '__name__', 'the rule')} returned a {type(new).__name__} where "
                "an array belongs"
            )
        outputs.append(new.index if kept else None)
    return Recording(len(present), tuple(pool.lines), tuple(outputs), [*pool.numbers], carried)
