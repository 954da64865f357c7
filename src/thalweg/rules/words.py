"""Words: everything that a rule may say about arrays, besides + - * / ** and abs().

Pointwise words look at one element at a time: `sqrt sign exp log maximum minimum where ema`.
Reductions look at all of them, `norm` and `mean` of a tensor, `total` of all tensors, and give a
number, summed in float64; a rule that uses one is a trip through memory more. `row_mean` and
`column_mean` are for the parameters that are matrices: see `kinds.State`.

A word means the same for every kind of array. Which library does the arithmetic is decided by
the array itself: each engine says once, with `speak`, how its kind of array says each word.
Plain numbers need no engine: a rule's numbers are Python floats, and Python does their arithmetic
in float64 before any array is touched.
"""

import math
from typing import Any, NamedTuple, Protocol

from thalweg.rules.kinds import Array


class Language(Protocol):
    """How one kind of array says the words; NumPy's own module is one."""

    def sqrt(self, x: Any, /) -> Any: ...
    def sign(self, x: Any, /) -> Any: ...
    def maximum(self, x: Any, y: Any, /) -> Any: ...
    def minimum(self, x: Any, y: Any, /) -> Any: ...
    def atan2(self, y: Any, x: Any, /) -> Any: ...
    def where(self, condition: Any, x: Any, y: Any, /) -> Any: ...
    def exp(self, x: Any, /) -> Any: ...
    def log(self, x: Any, /) -> Any: ...
    def norm(self, x: Any, /) -> Any: ...
    def mean(self, x: Any, /) -> Any: ...
    def total(self, x: Any, /) -> Any: ...
    def row_mean(self, x: Any, /) -> Any: ...
    def column_mean(self, x: Any, /) -> Any: ...


class Numbers(NamedTuple):
    """Plain numbers: the standard library speaks for them."""

    @staticmethod
    def sqrt(x: float) -> float:
        return math.sqrt(x)

    @staticmethod
    def sign(x: float) -> float:
        return math.copysign(1.0, x) if x and x == x else x

    @staticmethod
    def maximum(x: float, y: float) -> float:
        return x if x > y or x != x else y

    @staticmethod
    def minimum(x: float, y: float) -> float:
        return x if x < y or x != x else y

    exp = staticmethod(math.exp)
    log = staticmethod(math.log)

    @staticmethod
    def atan2(y: float, x: float) -> float:
        return math.atan2(y, x)

    @staticmethod
    def where(condition: bool, x: float, y: float) -> float:
        return x if condition else y

    @staticmethod
    def norm(x: float) -> float:
        return abs(x)  # a number is an array of one element

    @staticmethod
    def mean(x: float) -> float:
        return x

    @staticmethod
    def total(x: float) -> float:
        return x

    @staticmethod
    def row_mean(x: float) -> float:
        return x

    @staticmethod
    def column_mean(x: float) -> float:
        return x


_languages: dict[type, Any] = {float: Numbers, int: Numbers, bool: Numbers}


def speak(kind: type, language: Any) -> None:
    """Say how arrays of type `kind`, and of its subclasses, speak the words."""
    _languages[kind] = language


def _language(*values: Any) -> Any:
    """The language of the first array among `values`; that of numbers if there is none."""
    for value in values:
        for kind in type(value).__mro__:
            language = _languages.get(kind)
            if language is Numbers:
                break
            if language is not None:
                return language
    for value in values:
        if not isinstance(value, (int, float)):
            raise TypeError(f"{type(value).__name__}: no engine speaks for this kind of array")
    return Numbers


def sqrt(x: Any) -> Any:
    """The square root of each element; NaN for a negative one, as in IEEE 754."""
    if x.__class__ is float:  # most calls by far
        return math.sqrt(x)
    return _language(x).sqrt(x)


def sign(x: Any) -> Any:
    """-1, 0 or 1 for each element; zero stays zero, NaN stays NaN."""
    return _language(x).sign(x)


def maximum(x: Any, y: Any) -> Any:
    """The larger of two, element by element; NaN if either is."""
    return _language(x, y).maximum(x, y)


def minimum(x: Any, y: Any) -> Any:
    """The smaller of two, element by element; NaN if either is."""
    return _language(x, y).minimum(x, y)


def atan2(y: Any, x: Any) -> Any:
    """The angle of the point (x, y): y / x as long as that is small, and π/2 at most for x >= 0."""
    return _language(y, x).atan2(y, x)


def where(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition holds, else `y`."""
    return _language(condition, x, y).where(condition, x, y)


def exp(x: Any) -> Any:
    """The exponential of each element."""
    return _language(x).exp(x)


def log(x: Any) -> Any:
    """The natural logarithm of each element."""
    return _language(x).log(x)


def norm(x: Array) -> Any:
    """The Euclidean norm of one tensor: a number for each of them."""
    return _language(x).norm(x)


def mean(x: Array) -> Any:
    """The mean of one tensor's elements: a number for each of them."""
    return _language(x).mean(x)


def total(x: Array) -> Any:
    """The sum of all elements of all tensors that the optimizer steps: one number."""
    return _language(x).total(x)


def row_mean(x: Array) -> Any:
    """The mean of each row, over the last dimension, which stays with size 1."""
    return _language(x).row_mean(x)


def column_mean(x: Array) -> Any:
    """The mean of each column, over the last dimension but one, which stays with size 1."""
    return _language(x).column_mean(x)


def ema(average: Array, new: Array, decay: float) -> Array:
    """The exponential moving average: keep `decay` of the old, take the rest from the new.

    This is the one spelling of it. `lerp` and `m + (1 - b) * (g - m)` are equal on paper and
    differ in the last bits, and bits are what engines must agree on.
    """
    return decay * average + (1 - decay) * new
