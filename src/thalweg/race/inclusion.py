"""Which method is a special case of which: what a general method can do, it can't be worse at.

If it loses all the same, its search missed the settings at which it is the other one: the rule is
under-tuned, not worse (Choi et al. 2019, arXiv:1910.05446). Listed is only what holds exactly, step
by step, so that a test can hold it against the rules. NAdam is not in the list: no setting of it is
Adam. Adam is SGD where ε outweighs every gradient; that counts only if ε is searched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from thalweg.race.result import Entrant

Hypers = dict[str, Any]

# Off at zero, in every rule that has them.
SWITCHED = ("momentum", "weight_decay")
DWARFING = 1e8  # an ε beside which no gradient counts


@dataclass(frozen=True)
class Inclusion:
    """One rule as a special case of another.

    Attributes:
        general: the rule that can be the other.
        special: the rule that it can be.
        knob: which setting does it, as one would say it.
        settings: all of the special rule's hyper-parameters to those of the general one that do
            the same at every step; None where there are none.
        searched: the axis without which nobody would find it, or "".
    """

    general: str
    special: str
    knob: str
    settings: Callable[[Hypers], Hypers | None]
    searched: str = ""


def includes(general: Entrant, special: Entrant) -> Inclusion | None:
    """How one entrant can be the other.

    Args:
        general: the one that may be more general.
        special: the one that may be its special case, at its chosen settings.

    Returns:
        The inclusion; None if there is none, or if their batches differ.
    """
    if general.batch != special.batch:
        return None
    mine, other = general.settings, special.settings
    if general.rule == special.rule:
        return _switched_off(general.rule, mine, other)
    searched = {axis.name for axis in general.axes}
    for one in INCLUSIONS:
        if (one.general, one.special) != (general.rule, special.rule):
            continue
        if (not one.searched or one.searched in searched) and one.settings(other) is not None:
            return one
    return None


def _switched_off(rule: str, general: Hypers, special: Hypers) -> Inclusion | None:
    """The same rule without something that the general one uses."""
    for name in SWITCHED:
        if not general.get(name) or special.get(name):
            continue
        # Nesterov's step needs a momentum: a special case without one has no such step.
        fixed = [
            one
            for one, value in general.items()
            if isinstance(value, bool | str) and one != "nesterov"
        ]
        if all(general[one] == special[one] for one in fixed):
            return Inclusion(rule, rule, f"{name}=0", lambda hypers: hypers)
    return None


def _without(hypers: Mapping[str, Any], *names: str, **changed: Any) -> Hypers:
    return {**{name: value for name, value in hypers.items() if name not in names}, **changed}


def _sgdw(sgd: Hypers) -> Hypers | None:
    if sgd["weight_decay"] and not sgd["decoupled_weight_decay"]:
        return None
    return _without(sgd, "decoupled_weight_decay")


def _adamw(adam: Hypers) -> Hypers | None:
    if adam["weight_decay"] and not adam["decoupled_weight_decay"]:
        return None
    return _without(adam, "decoupled_weight_decay")


def _qhm_descent(sgd: Hypers) -> Hypers | None:
    if sgd["momentum"] or sgd["dampening"]:
        return None
    return _without(sgd, "dampening", "nesterov", "form", nu=0.0)


def _qhm_momentum(sgd: Hypers) -> Hypers | None:
    # The sum is the average over 1 − μ, from the first step on; decoupled decay would scale too.
    momentum, decays = sgd["momentum"], sgd["weight_decay"] and sgd["decoupled_weight_decay"]
    if not isinstance(momentum, float) or not 0 < momentum < 1 or sgd["form"] == "average":
        return None
    if sgd["nesterov"] or sgd["dampening"] or decays or not isinstance(sgd["lr"], float):
        return None
    return _without(sgd, "dampening", "nesterov", "form", nu=1.0, lr=sgd["lr"] / (1 - momentum))


def _plain(adam: Hypers) -> bool:
    return not adam["amsgrad"] and adam["eps_at"] == "outside"


def _qhadam(adam: Hypers) -> Hypers | None:
    if not _plain(adam):
        return None
    return _without(adam, "amsgrad", "amsgrad_max", "eps_at", nu1=1.0, nu2=1.0)


def _ademamix(adam: Hypers) -> Hypers | None:
    decoupled = adam.get("decoupled_weight_decay", True) or not adam["weight_decay"]
    if not _plain(adam) or not decoupled:
        return None
    switches = ("amsgrad", "amsgrad_max", "eps_at", "decoupled_weight_decay")
    return _without(adam, *switches, alpha=0.0)


def _signum(signsgd: Hypers) -> Hypers:
    return {**signsgd, "momentum": 0.0}


def _adam_descent(sgd: Hypers) -> Hypers | None:
    if sgd["momentum"] or sgd["dampening"] or sgd["weight_decay"]:
        return None
    if not isinstance(sgd["lr"], float):
        return None
    return {"lr": DWARFING * sgd["lr"], "beta1": 0.0, "eps": DWARFING, "weight_decay": 0.0}


INCLUSIONS = (
    Inclusion("sgdw", "sgd", "weight_decay=0", _sgdw),
    Inclusion("adamw", "adam", "weight_decay=0", _adamw),
    Inclusion("qhm", "sgd", "nu=0", _qhm_descent),
    Inclusion("qhm", "sgd", "nu=1", _qhm_momentum),
    Inclusion("qhadam", "adam", "nu1=nu2=1", _qhadam),
    Inclusion("ademamix", "adam", "alpha=0", _ademamix),
    Inclusion("ademamix", "adamw", "alpha=0", _ademamix),
    Inclusion("signum", "signsgd", "momentum=0", _signum),
    Inclusion("adam", "sgd", "a large eps", _adam_descent, searched="eps"),
    Inclusion("adamw", "sgd", "a large eps", _adam_descent, searched="eps"),
)
