"""Modifier: written as a rule is, with the rule that it modifies as its first argument.

    θ′ = rule(θ, g)              a step of that rule, which looks after its own states and numbers

    def lookahead(rule, param, grad, slow: CopyOfParam, *, step, la_steps=5, la_alpha=0.5):
        param = rule(param, grad)
        ...
        return param, slow

The signature is the declaration here too: the states and numbers that stand in it are added to
those of the rule. The whole is called as a rule, so that any engine runs it, and it may be
modified again.
"""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from thalweg.rules.modifiers.trial import STATE, as_tuple, trial
from thalweg.rules.rule import Declared, Hyper, Rule, declare, read


class Inner:
    """The rule inside a modifier, for one step.

    Called with a parameter and a gradient, it gives the new parameter, and keeps the new states
    aside. Each call starts from the states before the step; those of the last call are kept.

    Attributes:
        rule: which.
        numbers: its hyper-parameters and carried numbers for this step, and the step if it counts.
    """

    def __init__(self, rule: Rule, states: Sequence[Any], numbers: Mapping[str, Any]) -> None:
        self.rule = rule
        self.numbers = numbers
        self._states = states
        self._kept = (*states, *(numbers[name] for name in rule.carried))

    def __call__(self, param: Any, grad: Any, **changes: Any) -> Any:
        """The new parameter; `changes` are numbers that are to be others than in `numbers`."""
        result: Any = self.rule.function(param, grad, *self._states, **{**self.numbers, **changes})
        found = as_tuple(result)
        if len(found) != 1 + len(self._kept):
            raise TypeError(
                f"{self.rule.name} returned {len(found)} values where the new parameter, "
                f"{len(self._states)} new states and {len(self.rule.carried)} numbers belong"
            )
        self._kept = found[1:]
        return found[0]

    @property
    def states(self) -> tuple[Any, ...]:
        """The new states."""
        return self._kept[: len(self._states)]

    @property
    def carried(self) -> tuple[Any, ...]:
        """The new carried numbers."""
        return self._kept[len(self._states) :]


class Modifier:
    """A function from rule to rule; `modifier` makes it.

    Attributes:
        function: `function(rule, param, grad, *states, step=, **hypers)`; see `modifier`.
        needs: the hyper-parameters that the rule must have.
        moves: whether the parameter ends up elsewhere than where the rule put it.
        evaluates: the name of the state that is meant for evaluation, if one is.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        needs: Sequence[str] = (),
        moves: bool = False,
        evaluates: str | None = None,
    ) -> None:
        self.function = function
        self.needs, self.moves, self.evaluates = tuple(needs), moves, evaluates
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self.declared: Declared = declare(function, ("rule", "param", "grad"))
        given = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = [("rule", inspect.Parameter.empty)]
        names += [(name, hyper.default) for name, hyper in self.declared.hypers.items()]
        self.__signature__ = inspect.Signature(
            [inspect.Parameter(name, given, default=default) for name, default in names]
        )

    def __call__(
        self, rule: "str | Rule | Callable[..., Any]", *args: Any, **settings: Any
    ) -> "Modified":
        """The rule, modified.

        Args:
            rule: its name, its function, or as `thalweg.rules.find` gives it.
            *args: the modifier's numbers, in the order of its signature.
            **settings: the same by name. They are the defaults of the new rule.

        Raises:
            ValueError: no such rule, or a number outside its range.
            TypeError: the rule can't be modified so; the line says why.
        """
        bound = self.__signature__.bind(rule, *args, **settings)
        bound.apply_defaults()
        given = dict(bound.arguments)
        inner = _function(given.pop("rule"))
        self._refuse(read(inner), given)
        return Modified(self, inner, tuple(given.items()))

    def _refuse(self, rule: Rule, settings: Mapping[str, Any]) -> None:
        name, own = self.__name__, self.declared
        for missing in (n for n in self.needs if n not in rule.hypers):
            raise TypeError(f"{name}: {rule.name} has no {missing}, which is what {name} is about")
        theirs = {*rule.hypers, *rule.carried, *(slot.name for slot in rule.slots)}
        mine = {*own.hypers, *own.carried, *(slot.name for slot in own.slots)}
        for twice in sorted(mine & theirs):
            raise TypeError(f"{name}: {rule.name} has {twice!r} already")
        for kept in weights(rule) if self.moves else ():
            raise TypeError(
                f"{name}: {rule.name} keeps weights in {kept!r}, which would not see where "
                f"{name} puts the parameter; let {name} come first, inside whatever keeps them"
            )
        for key, value in settings.items():
            why = own.hypers[key].refuse(value)
            if why:
                raise ValueError(f"{name}: {key}={why}")
        for demand in self.demands:
            if not demand.holds(settings):
                raise ValueError(f"{name}: {demand.sentence}")

    @property
    def _file(self) -> Any:
        """Its file, if that speaks for it; see `rules.read`."""
        module = sys.modules.get(self.__module__)
        return module if getattr(module, "source", None) is not None else None

    @property
    def demands(self) -> tuple[Any, ...]:
        """What its numbers must satisfy together."""
        return tuple(getattr(self._file, "demands", ()))

    @property
    def doc(self) -> str:
        """What it does, and where it comes from."""
        own = self._file
        doc = (own and own.__doc__) or inspect.cleandoc(self.__doc__ or self.__name__)
        return doc.strip() + (f"\n\nThe modifier is from {own.source}." if own else "")

    def __repr__(self) -> str:
        return self.__name__

    def __reduce__(self) -> str:
        """Pickle by name, as functions do."""
        return self.__qualname__


def modifier(
    function: Callable[..., Any] | None = None,
    /,
    *,
    needs: Sequence[str] = (),
    moves: bool = False,
    evaluates: str | None = None,
) -> Any:
    """Make a modifier of a function.

    The function takes the rule, `param`, `grad` and the states that it adds; then, after `*`,
    `step` if it counts, the hyper-parameters that it adds, and numbers that it carries. It says
    `rule(param, grad)` for the rule's own step, and returns the new parameter, its new states and
    its new carried numbers.

    Args:
        function: the function, where no argument is given: `@modifier`.
        needs: the hyper-parameters that a rule must have, to be modified so.
        moves: whether the parameter ends up elsewhere than where the rule put it; rules that keep
            weights of their own are refused then.
        evaluates: the name of the state to evaluate, if it is not the parameter.

    Returns:
        The `Modifier`.

    Example:
        >>> import thalweg
        >>> from thalweg.rules.modifiers import modifier
        >>> @modifier
        ... def halved(rule, param, grad):
        ...     return rule(param, 0.5 * grad)
        >>> halved("sgd")
        halved(sgd)
        >>> thalweg.optimizer(halved("sgd"))
        <class '...HalvedSGD'>
    """
    if function is None:
        return partial(Modifier, needs=needs, moves=moves, evaluates=evaluates)
    return Modifier(function, needs=needs, moves=moves, evaluates=evaluates)


@dataclass(frozen=True, repr=False)
class Modified:
    """A rule that was modified; itself a rule's function, and equal to others of the same parts.

    Attributes:
        modifier: how.
        inner: the function of the rule that was modified, which may be another of these.
        settings: the modifier's numbers.
    """

    modifier: Modifier
    inner: Callable[..., Any]
    settings: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        """Look like a function to whoever asks for a name or for what it takes."""
        rule = _whole(self)
        named = [(name, hyper.default) for name, hyper in rule.hypers.items()]
        named += [(name, start) for name, start in rule.carried.items()]
        arrays = ("param", "grad", *(slot.name for slot in rule.slots))
        kinds = inspect.Parameter
        parameters = [kinds(name, kinds.POSITIONAL_ONLY) for name in arrays]
        if read(self.inner).counts or self.modifier.declared.counts:
            parameters.append(kinds("step", kinds.KEYWORD_ONLY))
        parameters += [kinds(name, kinds.KEYWORD_ONLY, default=d) for name, d in named]
        for name, value in {
            "__name__": rule.name,
            "__module__": self.modifier.__module__,
            "__doc__": rule.doc,
            "__signature__": inspect.Signature(parameters),
        }.items():
            object.__setattr__(self, name, value)

    @property
    def rule(self) -> Rule:
        """What `rules.read` gives for it."""
        return _whole(self)

    def __call__(self, param: Any, grad: Any, *arrays: Any, **numbers: Any) -> tuple[Any, ...]:
        """A step, as of any rule: the states of the inner rule come first, then the modifier's."""
        rule, own = read(self.inner), self.modifier.declared
        count = len(rule.slots)
        theirs = {n: numbers[n] for n in (*rule.hypers, *rule.carried)}
        mine = {n: numbers[n] for n in (*own.hypers, *own.carried)}
        if rule.counts:
            theirs["step"] = numbers["step"]
        if own.counts:
            mine["step"] = numbers["step"]
        inner = Inner(rule, arrays[:count], theirs)
        result: Any = self.modifier.function(inner, param, grad, *arrays[count:], **mine)
        found = as_tuple(result)
        states, carried = found[1 : 1 + len(own.slots)], found[1 + len(own.slots) :]
        if len(found) != 1 + len(own.slots) + len(own.carried):
            raise TypeError(
                f"{self.modifier} returned {len(found)} values where the new parameter, "
                f"{len(own.slots)} new states and {len(own.carried)} numbers belong"
            )
        return found[0], *inner.states, *states, *inner.carried, *carried

    def __repr__(self) -> str:
        own = self.modifier.declared.hypers
        inner = repr(self.inner) if isinstance(self.inner, Modified) else self.inner.__name__
        said = [f"{name}={value!r}" for name, value in self.settings if value != own[name].default]
        return f"{self.modifier}({', '.join([inner, *said])})"

    def __reduce__(self) -> Any:
        """Pickle the parts; the rest follows from them."""
        return Modified, (self.modifier, self.inner, self.settings)


def weights(rule: Rule) -> list[str]:
    """The rule's states that follow the parameter; a place where it once was does not."""
    copies = {slot.name for slot in rule.slots if slot.state.start == "param"}
    after = trial(rule, {})[1:] if copies else []
    names = (slot.name for slot in rule.slots)
    pairs = zip(names, after, strict=False)
    return [name for name, new in pairs if name in copies and new not in (None, STATE)]


def _function(rule: "str | Rule | Callable[..., Any]") -> Callable[..., Any]:
    from thalweg.rules import find

    if isinstance(rule, str):
        return find(rule).function
    return rule.function if isinstance(rule, Rule) else read(rule).function


def _never(hypers: Mapping[str, Any]) -> bool:
    return False


@cache
def _whole(modified: Modified) -> Rule:
    """The inner rule, with what the modifier adds."""
    rule, by = read(modified.inner), modified.modifier
    own, count = by.declared, len(rule.slots)
    hypers: dict[str, Hyper] = {
        **rule.hypers,
        **{name: replace(own.hypers[name], default=value) for name, value in modified.settings},
    }

    def averaged(param: Any, *states: Any, **numbers: Any) -> Any:
        if by.evaluates is not None:
            place = [slot.name for slot in own.slots].index(by.evaluates)
            return states[count + place]
        assert rule.averaged is not None
        return rule.averaged(param, *states[:count], **{n: numbers[n] for n in rule.hypers})

    return replace(
        rule,
        function=modified,
        name=f"{by.__name__}_{rule.name}",
        title=by.__name__.title().replace("_", "") + rule.title,
        doc=f"{by.doc}\n\nThe rule that it modifies:\n\n{rule.doc}",
        slots=(*rule.slots, *own.slots),
        hypers=hypers,
        carried={**rule.carried, **own.carried},
        demands=(*rule.demands, *by.demands),
        # A pull towards kept weights moves rows that a sparse gradient leaves out.
        accepts_sparse=_never if by.moves else rule.accepts_sparse,
        averaged=averaged if by.evaluates or rule.averaged else None,
    )
