"""MADGRAD: AdaGrad as dual averaging, with a cube root and momentum.

    κ = (η + ε) √t                           later gradients weigh more
    s ← s + κ g                              weighted sum of gradients    (s)
    v ← v + κ g²                             and of their squares         (grad_sum_sq)
    z = θ₀ − s / (∛v + ε)                    where all of them lead to    (x0 = θ₀)
    θ ← μ θ + (1 − μ) z                      follow it slowly             (momentum)

Each step starts again from θ₀, so nothing that was done can be forgotten and weights stay near
where they began: less weight decay is needed than elsewhere, often none. Coupled decay is
g ← g + λ θ; decoupled, (η + ε) λ θ is taken off at the end. Without momentum θ₀ is not kept but
found again as θ + s / (∛v + ε).
"""

import math
from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Decay,
    Rate,
    Source,
    Squares,
    State,
    Strength,
    Tiny,
    Zeros,
    preset,
)
from thalweg.rules.words import maximum, sqrt, where

source = Source(
    "Defazio & Jelassi",
    2021,
    "Adaptivity without Compromise: A Momentumized, Adaptive, Dual Averaged Gradient Method "
    "for Stochastic Optimization",
    arxiv="2101.11075",
    where="Algorithm 1",
)
presets = {
    "authors": preset(
        "madgrad.MADGRAD 1.3",
        lr=1e-2,
        momentum=0.9,
        weight_decay=0.0,
        eps=1e-6,
        decoupled_weight_decay=False,
    )
}


def cube_root(x: Array) -> Array:
    """The cube root of an array that is not negative, to the last digits, in words that all have.

    x^(1/4) x^(1/16) x^(1/64) x^(1/256) is near, since 1/4 + 1/16 + … = 1/3; Halley's method
    triples the digits each time. Below 1e-36 it stays at 1e-12, so that nothing is divided by 0.
    """
    x = maximum(x, 1e-36)
    root = part = sqrt(sqrt(x))
    for _ in range(3):
        part = sqrt(sqrt(part))
        root = root * part
    quarter = 0.25 * x  # so that no sum of three overflows
    for _ in range(3):
        cube = 0.25 * (root * root * root)
        root = root + root * ((quarter - cube) / (cube + cube + quarter))
    return where(x < math.inf, root, x)


def madgrad(
    param: Array,
    grad: Array,
    grad_sum_sq: Squares,
    s: Zeros,
    x0: Annotated[Array | None, State(start="param", when="momentum")],
    *,
    step: int,
    lr: Rate = 1e-2,
    momentum: Decay = 0.9,
    weight_decay: Strength = 0.0,
    eps: Tiny = 1e-6,
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array, Array, Array | None]:
    coupled = 0.0 if decoupled_weight_decay else weight_decay
    _, grad = decay(param, grad, lr=lr, weight_decay=coupled, decoupled=False)
    rate = lr + eps if lr else 0.0
    weight = rate * sqrt(step)
    start = param + s / (cube_root(grad_sum_sq) + eps) if x0 is None else x0
    s = s + weight * grad
    grad_sum_sq = grad_sum_sq + weight * (grad * grad)
    target = start - s / (cube_root(grad_sum_sq) + eps)
    # As a difference, so that nothing moves where z is the parameter: at lr = 0, to begin with.
    moved = param + (1 - momentum) * (target - param)
    if decoupled_weight_decay:
        moved = moved - rate * weight_decay * param
    return moved, grad_sum_sq, s, x0
