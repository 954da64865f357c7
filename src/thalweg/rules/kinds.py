"""Kinds: everything that a rule's signature may declare.

The signature is the declaration. Defaults, checks, state, search ranges, command-line flags and
the tables of the docs are read from it, so that nothing is said twice:

    def lion(param: Array, grad: Array, exp_avg: Zeros, *,
             step: int, lr: Rate = 1e-4, beta1: Decay = 0.9, ...)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, Literal

Array = Any
"""What an engine calls a rule with: a NumPy array, a torch tensor, or a symbol."""


@dataclass(frozen=True)
class Between:
    """A number's range, closed unless said otherwise, and how to walk it: evenly or by factors.

    Attributes:
        low: the least.
        high: the most.
        spacing: how to walk it.
        open_above: `high` itself is not allowed.
        usual: a value that usually serves.
        search: from where to where a search looks first; None for the surroundings of the default.
    """

    low: float
    high: float
    spacing: Literal["linear", "log"] = "linear"
    open_above: bool = False
    usual: float | None = None
    search: tuple[float, float] | None = None

    def __contains__(self, value: float) -> bool:
        # NaN compares false with everything, so it is in no range.
        below = value < self.high if self.open_above else value <= self.high
        return self.low <= value and below

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g}{')' if self.open_above else ']'}"


@dataclass(frozen=True)
class State:
    """An array that the optimizer keeps between steps, shaped like the parameter if not said.

    A matrix is a real parameter of two dimensions and more: the last two are its rows and columns,
    those before number the matrices. All else is a vector.

    Attributes:
        start: what it is filled with before the first step: a number, the name of the
            hyper-parameter that says so, or "param" for a copy of the parameter.
        when: the name of a hyper-parameter; the array exists only if that is true or not zero.
            The rule receives None otherwise, and returns None.
        positive: whether it is never negative and steps are divided by it or its root, as an
            average of squares: a storage of few bits must keep it from falling to zero.
        shape: that of the parameter; or a number for each of a matrix's "rows", (..., r, 1), or
            "columns", (..., 1, c); or "vector", which is as a vector. The rule receives None for
            what this parameter has not, and returns None.
    """

    start: float | str = 0.0
    when: str | None = None
    positive: bool = False
    shape: Literal["param", "rows", "columns", "vector"] = "param"


@dataclass(frozen=True)
class Carried:
    """A number that the rule itself carries from step to step, returned after the arrays.

    Attributes:
        start: its value before the first step, or the name of the hyper-parameter that says so.
    """

    start: float | str


Rate = Annotated[float, Between(0, inf, "log", open_above=True, usual=1e-3)]
"""A learning rate."""
Decay = Annotated[float, Between(0, 1, "log", open_above=True, usual=0.9)]
"""How much of an average is kept at each step. `decay**step` is the product of the decays of
all steps so far, also when the decay is on a schedule: see `thalweg.rules.fading`."""
Fraction = Annotated[float, Between(0, 1, usual=0.9)]
"""A decay that may be 1."""
Momentum = Annotated[float, Between(0, inf, open_above=True, usual=0.9)]
"""How much of the velocity is kept at each step; 1 and more is for those who want to see it."""
Tiny = Annotated[float, Between(0, inf, "log", open_above=True, usual=1e-8)]
"""A small number that keeps a denominator from zero."""
Strength = Annotated[float, Between(0, inf, "log", open_above=True, usual=1e-2)]
"""How strongly a penalty pulls."""
Zeros = Annotated[Array, State()]
"""A state that starts at zero."""
Squares = Annotated[Array, State(positive=True)]
"""A state that starts at zero and is never negative: an average of squares."""
RowSquares = Annotated[Array | None, State(positive=True, shape="rows")]
"""An average of squares for each row of a matrix; None for a vector."""
ColumnSquares = Annotated[Array | None, State(positive=True, shape="columns")]
"""An average of squares for each column of a matrix; None for a vector."""
VectorSquares = Annotated[Array | None, State(positive=True, shape="vector")]
"""`Squares` for a vector; None for a matrix."""
CopyOfParam = Annotated[Array, State(start="param")]
"""A state that starts as a copy of the parameter: weights of another kind."""


def number(start: float | str) -> Carried:
    """Declare that the rule carries a number, and where it starts."""
    return Carried(start)


@dataclass(frozen=True)
class Source:
    """Where a rule comes from; `bibtex()` cites it."""

    authors: str
    year: int
    title: str
    arxiv: str = ""
    venue: str = ""
    where: str = ""
    url: str = ""

    def __str__(self) -> str:
        place = f"arXiv:{self.arxiv}" if self.arxiv else self.venue or self.url
        parts = [f"{self.authors} ({self.year}), {self.title}", place, self.where]
        return ", ".join(part for part in parts if part)

    def bibtex(self, key: str = "") -> str:
        """The entry for a bibliography, keyed by the first author and the year."""
        surname = re.sub(r"\W", "", self.authors.split("&")[0].split(",")[0].split()[-1]).lower()
        lines = {
            "author": self.authors.replace(" & ", " and ").replace(", ", " and "),
            "title": "{" + self.title + "}",
            "year": str(self.year),
            "eprint": self.arxiv,
            "archiveprefix": "arXiv" if self.arxiv else "",
            "howpublished": self.venue,
            "url": self.url or (f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else ""),
            "note": self.where,
        }
        body = "".join(f"  {name} = {{{value}}},\n" for name, value in lines.items() if value)
        return f"@misc{{{key or f'{surname}{self.year}'},\n{body}}}"


@dataclass(frozen=True)
class Preset:
    """Values for a rule's hyper-parameters, and who says so.

    A preset need not name them all; the others keep their defaults.
    """

    by: str
    values: Mapping[str, Any]


def preset(by: str, **values: Any) -> Preset:
    """`preset("Kingma & Ba 2015, Algorithm 1", lr=1e-3, beta1=0.9)`."""
    return Preset(by, values)
