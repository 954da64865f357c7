"""A rule, read from its function: the signature is the declaration."""

import inspect
import re
import sys
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from numbers import Real
from typing import Any, Literal, get_args, get_origin

from thalweg.rules.kinds import Between, Carried, Preset, Source, State


@dataclass(frozen=True)
class Slot:
    """A state of the rule: its name, what it starts with, and when it exists."""

    name: str
    state: State

    def exists(self, hypers: Mapping[str, Any], dimensions: int = 1) -> bool:
        """Whether the rule keeps this state under these hyper-parameters."""
        return self.fits(dimensions) and (self.state.when is None or bool(hypers[self.state.when]))

    def fits(self, dimensions: int) -> bool:
        """Whether parameters of so many dimensions may have it."""
        vector = self.state.shape == "vector"
        return self.state.shape == "param" or vector == (dimensions < 2)

    @property
    def factored(self) -> bool:
        """Whether it has a number for each row or column, not for each element."""
        return self.state.shape in ("rows", "columns")

    def shape(self, param: tuple[int, ...]) -> tuple[int, ...]:
        """Its shape, for a parameter of this shape that has it."""
        if self.state.shape == "rows":
            return *param[:-1], 1
        return (*param[:-2], 1, param[-1]) if self.state.shape == "columns" else param

    def start(self, hypers: Mapping[str, Any]) -> float | None:
        """What the state is filled with before the first step; None for a copy of the parameter."""
        start = self.state.start
        if start == "param":
            return None
        return float(hypers[start]) if isinstance(start, str) else start


@dataclass(frozen=True)
class Hyper:
    """A hyper-parameter: its name, default and range (or its choices)."""

    name: str
    default: Any
    range: Between | None = None
    choices: tuple[Any, ...] = ()

    def refuse(self, value: Any) -> str | None:
        """Why `value` will not do, or None if it will."""
        if self.choices:
            allowed = "one of " + ", ".join(map(repr, self.choices))
            # `0 in (False, True)`: whoever writes amsgrad=0 or nesterov=1 means it.
            return None if value in self.choices else f"{value!r} is not {allowed}"
        if value is None and self.default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, Real):
            return f"{value!r} is not a number"
        if self.range is None or float(value) in self.range:
            return None
        usual = self.range.usual if self.default in (0, None) else self.default
        hint = f"; {usual:g} is usual" if usual is not None else ""
        return f"{value!r} is outside {self.range}{hint}"


@dataclass(frozen=True)
class Demand:
    """What the hyper-parameters must satisfy together."""

    holds: Callable[[Mapping[str, Any]], bool]
    sentence: str


@dataclass(frozen=True, eq=False)
class Rule:
    """What one step means, and everything that its file says about it.

    Attributes:
        function: `function(param, grad, *states, step=, **hypers)`, which returns the new
            parameter, the new states, and the new carried numbers, in that order.
        name: the function's name: how the command line calls it.
        title: the name that people write: "AdamW". Its optimizer class is called so.
        doc: the docstring of its file: what it is, and the equation.
        source: where it comes from.
        slots: the states.
        hypers: the hyper-parameters, in the order of torch's arguments.
        carried: the numbers that the rule carries from step to step, and where they start: at a
            number, or at the hyper-parameter of that name.
        presets: values by name, each with who says so.
        dialects: what other libraries mean by this rule: a complete preset each, defaults and form.
        demands: what the hyper-parameters must satisfy together.
        accepts_sparse: whether a zero gradient leaves weights alone, so that a sparse gradient
            means the same as a dense one.
        tuples: hyper-parameters that torch takes together, by its name for them: by default
            beta1, beta2, ... as `betas`.
        averaged: `averaged(param, *states, **hypers)`, the weights to evaluate, for rules whose
            parameters are not those; None for all others.
    """

    function: Callable[..., Any]
    name: str
    title: str
    doc: str
    source: Source | None
    slots: tuple[Slot, ...]
    hypers: Mapping[str, Hyper]
    carried: Mapping[str, float | str]
    presets: Mapping[str, Preset]
    demands: tuple[Demand, ...] = ()
    accepts_sparse: Callable[[Mapping[str, Any]], bool] = lambda hypers: False
    tuples: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    averaged: Callable[..., Any] | None = None
    dialects: Mapping[str, Preset] = field(default_factory=dict[str, Preset])

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Every hyper-parameter at its default."""
        return {name: hyper.default for name, hyper in self.hypers.items()}

    def values(self, *, dialect: str | None = None, preset: str | None = None) -> dict[str, Any]:
        """Every hyper-parameter as a dialect has it, and a preset where it says otherwise.

        Raises:
            ValueError: there is no dialect or preset of this name; the line names those there are.
        """
        found = self.defaults
        for kind, name, known in (
            ("dialect", dialect, self.dialects),
            ("preset", preset, self.presets),
        ):
            if name is None:
                continue
            if name not in known:
                others = f"there are {', '.join(known)}" if known else "it has none"
                raise ValueError(f"{self.name}: no {kind} is called {name!r}; {others}")
            found = {**found, **known[name].values}
        return found

    @cached_property
    def decays(self) -> tuple[str, ...]:
        """The hyper-parameters whose power is a running product: see `thalweg.rules.fading`."""
        return tuple(
            name
            for name, h in self.hypers.items()
            if h.range and h.range.open_above and h.range.high == 1
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the hyper-parameters."""
        return tuple(self.hypers)

    @cached_property
    def places(self) -> Mapping[str, tuple[str, int | None]]:
        """For each hyper-parameter, torch's name, and the place where that is a tuple."""
        found: dict[str, tuple[str, int | None]] = {name: (name, None) for name in self.hypers}
        for together, apart in self.tuples.items():
            found |= {name: (together, place) for place, name in enumerate(apart)}
        return found

    def starts(self, hypers: Mapping[str, Any]) -> dict[str, float]:
        """The carried numbers before the first step."""
        return {
            name: float(hypers[start]) if isinstance(start, str) else start
            for name, start in self.carried.items()
        }

    @cached_property
    def whens(self) -> tuple[str, ...]:
        """The hyper-parameters that decide whether a state exists."""
        return tuple(slot.state.when for slot in self.slots if slot.state.when)

    @cached_property
    def counts(self) -> bool:
        """Whether the rule asks for the number of the step."""
        return "step" in inspect.signature(self.function).parameters

    def check(self, hypers: Mapping[str, Any], passing: Collection[str] = ()) -> None:
        """Refuse values that the rule can't work with.

        Args:
            hypers: all of them.
            passing: those on a schedule, which may be 0 for a while.

        Raises:
            ValueError: one line that names the rule, the value, the range and what is usual.
        """
        for name, hyper in self.hypers.items():
            why = hyper.refuse(hypers[name])
            if why:
                raise ValueError(f"{self.name}: {name}={why}")
        lasting = {n: v or (1e-3 if n in passing else v) for n, v in hypers.items()}
        for demand in self.demands:
            if not demand.holds(lasting):
                raise ValueError(f"{self.name}: {demand.sentence}")

    def provenance(self, hyper: str) -> list[str]:
        """Who gives this hyper-parameter the value that is its default here."""
        default = self.hypers[hyper].default
        return [
            f"{name}: {preset.by}"
            for name, preset in {**self.dialects, **self.presets}.items()
            if preset.values.get(hyper, ...) == default
        ]


@cache
def read(function: Callable[..., Any]) -> Rule:
    """Read a rule from its function, once.

    Args:
        function: takes `param`, `grad` and the states; then, after `*`, `step`, the
            hyper-parameters (with defaults) and the carried numbers.

    Raises:
        TypeError: one line that says what in the signature can't be read.
    """
    known = getattr(function, "rule", None)
    if isinstance(known, Rule):  # a rule that was modified
        return known
    name = function.__name__
    found = declare(function, ("param", "grad"))
    hypers = found.hypers
    module = sys.modules.get(function.__module__)
    # A file with one rule speaks for it; a user's file with several speaks through docstrings.
    own = module if getattr(module, "source", None) is not None else None
    doc = (own and own.__doc__) or inspect.cleandoc(function.__doc__ or name)
    return Rule(
        function=function,
        name=name,
        title=_title(doc, name),
        doc=doc.strip(),
        source=getattr(own, "source", None),
        slots=found.slots,
        hypers=hypers,
        carried=found.carried,
        presets=getattr(own, "presets", {}),
        demands=getattr(own, "demands", ()),
        accepts_sparse=getattr(own, "accepts_sparse", lambda hypers: False),
        tuples={**_betas(hypers), **getattr(own, "tuples", {})},
        averaged=getattr(own, "averaged", None),
        dialects=getattr(own, "dialects", {}),
    )


@dataclass(frozen=True)
class Declared:
    """What a signature declares: states, hyper-parameters, carried numbers, and if it counts."""

    slots: tuple[Slot, ...]
    hypers: Mapping[str, Hyper]
    carried: Mapping[str, float | str]
    counts: bool


def declare(function: Callable[..., Any], first: tuple[str, ...]) -> Declared:
    """Read a signature that begins with `first`.

    Raises:
        TypeError: one line that says what in the signature can't be read.
    """
    name = function.__name__
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())
    arrays = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
    if tuple(p.name for p in arrays[: len(first)]) != first:
        if len(first) == 2:
            raise TypeError(f"{name}: a rule's first two arguments are param and grad")
        raise TypeError(f"{name}: a modifier's first arguments are rule, param and grad")
    slots = tuple(_slot(name, p.name, hints.get(p.name)) for p in arrays[len(first) :])
    hypers: dict[str, Hyper] = {}
    carried: dict[str, float | str] = {}
    for parameter in parameters[len(arrays) :]:
        if parameter.name == "step":
            continue
        found = _hyper(name, parameter, hints.get(parameter.name))
        if isinstance(found, Carried):
            carried[parameter.name] = found.start
        else:
            hypers[parameter.name] = found
    return Declared(slots, hypers, carried, any(p.name == "step" for p in parameters))


def _betas(hypers: Collection[str]) -> dict[str, tuple[str, ...]]:
    found = tuple(name for name in hypers if re.fullmatch(r"beta\d", name))
    return {"betas": found} if found else {}


def _title(doc: str, name: str) -> str:
    """The word before the first colon of the docstring, if it spells the rule's name."""
    title = doc.partition(":")[0].strip()
    plain = name.replace("_", "").lower()
    return title if title.lower() == plain else name.title().replace("_", "")


def _extras(hint: Any) -> tuple[Any, ...]:
    return get_args(hint)[1:] if hasattr(hint, "__metadata__") else ()


def _slot(rule: str, name: str, hint: Any) -> Slot:
    for extra in _extras(hint):
        if isinstance(extra, State):
            if extra.start == "param" != extra.shape:
                raise TypeError(f"{rule}: the state {name!r} is a copy of the parameter, all of it")
            return Slot(name, extra)
    raise TypeError(
        f"{rule}: the state {name!r} needs a kind that says what it starts with, such as Zeros"
    )


def _hyper(rule: str, parameter: inspect.Parameter, hint: Any) -> Hyper | Carried:
    for extra in _extras(hint):
        if isinstance(extra, Carried):
            return extra
    if parameter.default is parameter.empty:
        raise TypeError(f"{rule}: the hyper-parameter {parameter.name!r} needs a default")
    span = next((extra for extra in _extras(hint) if isinstance(extra, Between)), None)
    if get_origin(hint) is Literal:
        return Hyper(parameter.name, parameter.default, choices=get_args(hint))
    if hint is bool or isinstance(parameter.default, bool):
        return Hyper(parameter.name, parameter.default, choices=(False, True))
    return Hyper(parameter.name, parameter.default, span)
