"""Schedules made of other schedules, or of a function of the user's own."""
# ruff: noqa: N801  kinds are called like functions and print as code, as `range` and `slice` do

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from itertools import accumulate
from math import inf
from typing import Any, ClassVar, Literal

from thalweg.schedules.schedule import Schedule, kind

Hold = Literal["effective_lr"] | None


@kind
class scaled(Schedule):
    """A schedule times a number, also written `factor * schedule`.

    Example:
        >>> from thalweg.schedules import ramp
        >>> (0.5 * ramp(0.0, 1.0, steps=10))(5)
        0.25
    """

    schedule: Schedule
    factor: float
    steps: float | None = field(default=None, init=False)
    epochs: float | None = field(default=None, init=False)
    hold: Hold = field(default=None, init=False)
    endless: ClassVar[bool] = True

    def __post_init__(self) -> None:
        inside = isinstance(self.schedule, Schedule)  # pyright: ignore[reportUnnecessaryIsInstance]
        self.require("schedule", inside, "is not a schedule")
        object.__setattr__(self, "hold", self.schedule.hold)
        super().__post_init__()

    @property
    def unit(self) -> Literal["steps", "epochs"]:
        return self.schedule.unit

    @property
    def length(self) -> float:
        return self.schedule.length

    @property
    def is_data(self) -> bool:
        return self.schedule.is_data

    def value(self, t: float, tick: float) -> float:
        return self.factor * self.schedule.sample(t, tick)


@kind
class join(Schedule):
    """Pieces one after another, each on its own clock from where the one before ends.

    Args:
        *pieces: schedules in one unit; only the last may be endless.
        hold: said here, for the whole, and not in the pieces.

    Example:
        >>> from thalweg.schedules import constant, ramp
        >>> s = join(ramp(0.1, 1.0, steps=9), constant(1.0, steps=90), ramp(1.0, 0.0, steps=10))
        >>> s(0), s(9), s(98), s(104), s(109)
        (0.1, 1.0, 1.0, 0.5, 0.0)
    """

    pieces: tuple[Schedule, ...]
    steps: float | None = field(default=None, init=False)
    epochs: float | None = field(default=None, init=False)
    endless: ClassVar[bool] = True

    def __init__(self, *pieces: Schedule, hold: Hold = None) -> None:
        for piece in pieces:
            if not isinstance(piece, Schedule):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ValueError(f"join: {piece!r} is not a schedule; constant(0.1, steps=9) is")
            if piece.hold:
                raise ValueError(f"join: {piece!r} carries hold; say join(..., hold=...) instead")
            if piece.length == inf and piece is not pieces[-1]:
                raise ValueError(f"join: {piece!r} never ends, so it can only be the last piece")
        units = {piece.unit for piece in pieces if piece.length < inf} or {"steps"}
        if not pieces or len(units) > 1:
            got = "steps and epochs mixed" if pieces else "none"
            raise ValueError(f"join: give pieces, all in one unit; got {got}")
        for name, each in {"pieces": pieces, "hold": hold, "steps": None, "epochs": None}.items():
            object.__setattr__(self, name, each)
        super().__post_init__()

    @property
    def unit(self) -> Literal["steps", "epochs"]:
        return self.pieces[0].unit  # all agree, but for an endless last one

    @property
    def length(self) -> float:
        return self._corners[-1]

    @property
    def is_data(self) -> bool:
        return all(piece.is_data for piece in self.pieces)

    @classmethod
    def build(cls, **given: Any) -> Schedule:
        return cls(*given.pop("pieces", ()), **given)

    def __repr__(self) -> str:
        last = [f"hold={self.hold!r}"] if self.hold else []
        return f"join({', '.join([repr(piece) for piece in self.pieces] + last)})"

    @cached_property
    def _corners(self) -> list[float]:
        return [0, *accumulate(piece.length for piece in self.pieces)]

    def value(self, t: float, tick: float) -> float:
        i = bisect_right(self._corners, t, hi=len(self.pieces)) - 1
        return self.pieces[i].sample(t - self._corners[i], tick)


@kind
class custom(Schedule):
    """A function of your own, of the steps taken so far, or, given `epochs=`, of epochs.

    It works everywhere but in checkpoints: code is not data, so `is_data` is False.

    Example:
        >>> custom(lambda t: 0.1 / (1 + t))(1)
        0.05
    """

    function: Callable[[float], float]
    endless: ClassVar[bool] = True

    def check(self) -> None:
        self.require("function", callable(self.function), "is not callable; a float is constant")

    @property
    def is_data(self) -> bool:
        return False

    def to_dict(self) -> dict[str, Any]:
        raise ValueError(f"{self!r} is code, not data; pass it again to the optimizer on resuming")

    def __repr__(self) -> str:
        rest = [f", {k}={v!r}" for k, v in self._given() if k != "function" and v is not None]
        name = getattr(self.function, "__name__", repr(self.function))
        return f"custom({name}{''.join(rest)})"

    def value(self, t: float, tick: float) -> float:
        return float(self.function(t))
