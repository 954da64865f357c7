"""Cautious: a step only where it goes against the gradient of now.

    θ ← θ (1 − η λ)                          if the rule's decay is decoupled
    u = θ − rule(θ, g)                       the rule's step, without that decay
    φ = 1 where u g > 0, else 0              where both go the same way
    θ ← θ − u φ / max(mean φ, 10⁻³)          the mean over each tensor    (scaled)

Momentum can point where the gradient no longer does; there the weight waits. The others go further
in exchange, so that the step stays about as long: at most a thousand times. With scaled=False they
go as far as the rule would, and the step needs no second trip through memory.

Decoupled decay pulls at all weights, also at those that wait. Coupled decay is part of the rule's
step, whose sign is compared with that of the loss's own gradient.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Source
from thalweg.rules.modifiers.decoupled import is_decoupled
from thalweg.rules.modifiers.modifier import Inner, modifier
from thalweg.rules.words import maximum, mean, sign, where

source = Source(
    "Liang, Chen, Liu & Liu",
    2024,
    "Cautious Optimizers: Improving Training with One Line of Code",
    arxiv="2411.16085",
    where="Algorithm 1",
)

_LEAST = 1e-3
"""Of the mean: kyleliang919/C-Optim and timm."""


@modifier(moves=True)
def cautious(rule: Inner, param: Array, grad: Array, *, scaled: bool = True) -> Array:
    changes: dict[str, float] = {}
    if is_decoupled(rule):
        lr, strength = rule.numbers["lr"], rule.numbers["weight_decay"]
        param, grad = decay(param, grad, lr=lr, weight_decay=strength, decoupled=True)
        changes = {"weight_decay": 0.0}
    step = param - rule(param, grad, **changes)
    agreement = sign(step) * grad  # the product of two small numbers may be 0, this is not
    allowed = where(agreement <= 0, 0.0, step)  # NaN compares false, and shows
    if scaled:
        allowed = allowed * (1 / maximum(mean(where(agreement > 0, 1.0, 0.0)), _LEAST))
    return param - allowed
