"""A schedule: a number over time, as a pure function of the time.

    value = schedule(t)    t: steps already taken (0 for the first step), or epochs (3.25)

No state: a resumed run needs its step number and nothing else. Three laws hold for every kind:

1. `steps=` or `epochs=` states the length and, with it, the unit of every other time.
2. Past its end a schedule keeps the value of its end: nothing rises again, nothing raises.
3. No step is wasted: a warm-up counts the step that is about to be taken, (t + 1) / warmup.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, MISSING, dataclass, field, fields
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from plotly.graph_objects import Figure  # pyright: ignore[reportMissingTypeStubs]

FORMAT = 1
KINDS: dict[str, "type[Schedule]"] = {}
Kind = TypeVar("Kind", bound="type[Schedule]")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def kind(cls: Kind) -> Kind:
    """Declare a kind of schedule: a frozen dataclass, written in data by its class name."""
    KINDS[cls.__name__] = cls
    return dataclass(frozen=True, repr=False)(cls)


@dataclass(frozen=True, repr=False)
class Schedule(ABC):
    """What every kind can do; a kind adds its numbers and `value`.

    Attributes:
        steps: length in steps, or None.
        epochs: length in epochs, or None; exactly one of the two is given.
        hold: `"effective_lr"` on a momentum asks the optimizer to multiply lr by `lr_factor`.
    """

    _: KW_ONLY
    steps: float | None = None
    epochs: float | None = None
    hold: Literal["effective_lr"] | None = None
    endless: ClassVar[bool] = False  # a kind that may have no length says True

    @abstractmethod
    def value(self, t: float, tick: float) -> float:
        """Value at `t` in [0, length]; `tick` is the length of one step, in the unit of `t`."""

    def check(self) -> None:  # noqa: B027  most kinds have nothing to add
        """Raise ValueError, through `require`, for numbers that make no sense together."""

    def sample(self, t: float, tick: float) -> float:
        """Value at any `t` >= 0. Law 2 stands here, once for all kinds."""
        if not t >= 0:
            raise ValueError(f"{self!r}: t={t!r} is outside [0, inf); 0 is the first step")
        return self.value(min(t, self.length), tick)

    def __call__(self, t: float) -> float:
        """Value at `t`, in `unit`. A bare epoch knows no step length and takes it as 0."""
        return self.sample(t, 1.0 if self.unit == "steps" else 0.0)

    def at(self, step: int, steps_per_epoch: float | None = None) -> float:
        """Value for the step taken after `step` steps, whatever the unit.

        Example:
            >>> from thalweg.schedules import ramp
            >>> ramp(0.5, 0.9, epochs=10).at(500, steps_per_epoch=100)
            0.7
        """
        if self.unit == "steps":
            return self.sample(step, 1.0)
        if steps_per_epoch is None or not steps_per_epoch > 0:
            given = f"steps_per_epoch={steps_per_epoch!r} is outside (0, inf)"
            raise ValueError(f"{self!r} counts epochs: {given}; len(loader) is usual")
        return self.sample(step / steps_per_epoch, 1 / steps_per_epoch)

    def lr_factor(self, step: int, steps_per_epoch: float | None = None) -> float:
        """What this momentum multiplies lr by: (1 - now) / (1 - start) under `hold`, else 1."""
        if self.hold is None:
            return 1.0
        return (1 - self.at(step, steps_per_epoch)) / (1 - self.at(0, steps_per_epoch))

    @property
    def unit(self) -> Literal["steps", "epochs"]:
        """What `t` and the length are counted in."""
        return "steps" if self.epochs is None else "epochs"

    @property
    def length(self) -> float:
        """Where the schedule ends, in `unit`; infinite if it never does."""
        given = self.steps if self.epochs is None else self.epochs
        return math.inf if given is None else given

    @property
    def is_data(self) -> bool:
        """Whether `to_dict` can write it: not with a function of the user's inside."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """Write plain data, defaults included: a later default changes no checkpoint."""
        written = {name: _write(value) for name, value in self._given() if value is not None}
        return {"kind": type(self).__name__, "format": FORMAT} | written

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Schedule":
        """Read what `to_dict` wrote.

        Raises:
            ValueError: the kind, the format or a number is not one that this version knows.
        """
        if not isinstance(data, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"schedule: {data!r} is not a dict that to_dict wrote")
        name, form = str(data.get("kind")), data.get("format")
        if name not in KINDS:
            known = ", ".join(sorted(KINDS))
            raise ValueError(f"schedule: kind {name!r} is unknown; this version knows {known}")
        if form != FORMAT:
            raise ValueError(f"schedule: format {form!r} is unknown; this version reads {FORMAT}")
        try:
            given = {key: _read(data[key]) for key in data if key not in ("kind", "format")}
            return KINDS[name].build(**given)
        except TypeError as error:
            raise ValueError(f"schedule: {name} can't be read: {error}") from None

    @classmethod
    def build(cls, **given: Any) -> "Schedule":
        """Make one from its numbers by name."""
        return cls(**given)

    def plot(self, steps: int | None = None, steps_per_epoch: float | None = None) -> "Figure":
        """Draw the values before the run, as a plotly figure.

        Args:
            steps: how many steps to draw; by default up to the schedule's end.
            steps_per_epoch: draw an epoch schedule at the steps of such a run.

        Raises:
            ImportError: plotly is not installed.
        """
        from thalweg.schedules.picture import draw  # plotly is heavy: only who draws imports it

        return draw(self, steps, steps_per_epoch)

    def require(self, name: str, holds: bool, otherwise: str) -> None:
        """Raise one line about the field `name` unless `holds`."""
        if not holds:
            raise ValueError(f"{type(self).__name__}: {name}={getattr(self, name)!r} {otherwise}")

    def __post_init__(self) -> None:
        for each in fields(self):
            value, name = getattr(self, each.name), f"{type(self).__name__}: {each.name}"
            if each.type == tuple[float, ...]:
                self.require(each.name, isinstance(value, Sequence), "is not a list of numbers")
                object.__setattr__(self, each.name, tuple(_number(name, one) for one in value))
            elif each.type in (int, float) or (each.type == float | None and value is not None):
                object.__setattr__(self, each.name, _number(name, value))
        given = (self.steps is not None) + (self.epochs is not None)
        if given == 2 or not (given or self.endless):
            one = "give exactly one of steps= and epochs=, the length"
            raise ValueError(f"{type(self).__name__}: {one}; got {'both' if given else 'neither'}")
        self.require(self.unit, self.length > 0, "is outside (0, inf)")
        self.check()
        self.require("hold", self.hold in (None, "effective_lr"), "is not None or 'effective_lr'")
        if self.hold and not self(0) < 1:
            raise ValueError(f"{self!r}: hold is for a momentum that starts below 1, not {self(0)}")

    def __mul__(self, factor: float) -> "Schedule":
        return KINDS["scaled"].build(schedule=self, factor=factor)

    __rmul__ = __mul__

    def __repr__(self) -> str:
        """Code to paste."""
        known = {each.name: each for each in fields(self)}
        given = [(known[name], value) for name, value in self._given()]
        leads = [each for each in known.values() if each.default is MISSING and not each.kw_only]
        first = [repr(value) for each, value in given if each in leads]
        rest = [
            f"{each.name}={value!r}"
            for each, value in given
            if each not in leads and value != each.default
        ]
        return f"{type(self).__name__}({', '.join(first + rest)})"

    def _given(self) -> list[tuple[str, Any]]:
        return [(each.name, getattr(self, each.name)) for each in fields(self) if each.init]


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name}={value!r} is not a finite number")
    return int(value) if isinstance(value, Integral) else float(value)  # NumPy's become plain


def _write(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_write(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value.to_dict() if isinstance(value, Schedule) else value


def _read(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_read(each) for each in value)  # pyright: ignore[reportUnknownVariableType]
    return Schedule.from_dict(value) if isinstance(value, Mapping) else value  # pyright: ignore[reportUnknownArgumentType]
