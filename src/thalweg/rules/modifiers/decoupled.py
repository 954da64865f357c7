"""Decoupled: the rule's weight decay pulls straight at the weights, and the rule never sees it.

    θ ← θ (1 − η λ)                          before the step, as torch's AdamW (weight_decay = λ)
    θ ← rule(θ, g)                           with λ = 0

Adam becomes AdamW by it. A rule whose decay is so already stays what it is.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Source
from thalweg.rules.modifiers.modifier import Inner, modifier
from thalweg.rules.modifiers.trial import trial
from thalweg.rules.rule import read

source = Source(
    "Loshchilov & Hutter",
    2019,
    "Decoupled Weight Decay Regularization",
    arxiv="1711.05101",
    where="Algorithms 1 and 2",
)


@modifier(needs=("lr", "weight_decay"))
def decoupled(rule: Inner, param: Array, grad: Array) -> Array:
    lr, strength = rule.numbers["lr"], rule.numbers["weight_decay"]
    param, grad = decay(param, grad, lr=lr, weight_decay=strength, decoupled=True)
    return rule(param, grad, weight_decay=0.0)


def is_decoupled(rule: Inner) -> bool:
    """Whether this rule's weight decay is decoupled, in the form that it has at this step."""
    forms = {
        name: bool(rule.numbers[name]) if hyper.choices == (False, True) else rule.numbers[name]
        for name, hyper in rule.rule.hypers.items()
        if hyper.choices
    }
    return _is_decoupled(rule.rule.function, tuple(forms.items()))


@cache
def _is_decoupled(function: Callable[..., Any], forms: tuple[tuple[str, Any], ...]) -> bool:
    """The definition, tried: θ (1 − η λ) first and no decay in the step comes to the same."""
    rule = read(function)
    if not {"lr", "weight_decay"} <= rule.hypers.keys():
        return False
    lr, strength = 0.25, 0.5
    hypers = {**dict(forms), "lr": lr}
    inside = trial(rule, {**hypers, "weight_decay": strength})
    outside = trial(rule, {**hypers, "weight_decay": 0.0}, param=1.0 * (1 - lr * strength))
    pairs = zip(inside, outside, strict=True)
    return all(math.isclose(a, b) for a, b in pairs if a is not None and b is not None)
