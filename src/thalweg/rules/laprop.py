"""LaProp: the gradient is scaled first and averaged then; Adam averages first.

    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    n = g / (√v̂ + ε)                         v̂ = v / (1 − β₂ᵗ)
    m ← β₁ m + (1 − β₁) n                    average of the quotients     (exp_avg)
    θ ← (θ − η m̂) (1 − η λ)                  m̂ = m / (1 − β₁ᵗ)

Momentum and scale no longer meet in one quotient, so that β₁ and β₂ may be chosen apart: Adam
wants β₁ < √β₂. With β₂ = 0 it is the average of signs, with β₁ = 0 it is Adam's. AMSGrad divides
by the largest v so far. The learning rate stays outside the average, as in the paper; weights
decay after the step, as in the authors' code.
"""

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
from thalweg.rules.words import ema, maximum, sqrt

source = Source(
    "Ziyin, Wang & Ueda",
    2020,
    "LaProp: Separating Momentum and Adaptivity in Adam",
    arxiv="2002.04839",
    where="Algorithm 1",
)
presets = {
    "authors": preset(
        "Z-T-WANG/LaProp-Optimizer",
        lr=4e-4,
        beta1=0.9,
        beta2=0.999,
        eps=1e-15,
        weight_decay=0.0,
        amsgrad=False,
    )
}


def laprop(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    max_exp_avg_sq: Annotated[Array | None, State(when="amsgrad", positive=True)],
    *,
    step: int,
    lr: Rate = 4e-4,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-15,
    weight_decay: Strength = 0.0,
    amsgrad: bool = False,
) -> tuple[Array, Array, Array, Array | None]:
    exp_avg_sq = ema(exp_avg_sq, grad * grad, beta2)
    largest = exp_avg_sq if max_exp_avg_sq is None else maximum(max_exp_avg_sq, exp_avg_sq)
    correction = sqrt(1 - beta2**step)  # of √v̂, multiplied through as in Adam
    normed = correction * grad / (sqrt(largest) + eps * correction)
    exp_avg = ema(exp_avg, normed, beta1)
    param = param - lr / (1 - beta1**step) * exp_avg
    param, _ = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=True)
    return param, exp_avg, exp_avg_sq, None if max_exp_avg_sq is None else largest
