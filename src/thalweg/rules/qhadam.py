"""QHAdam: Adam whose averages are mixed with what the gradient says now.

    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    m̃ = (1 − ν₁) g + ν₁ m̂                    ν₁ of the average            (nus)
    ṽ = (1 − ν₂) g² + ν₂ v̂                   ν₂ of the average
    θ ← θ − η m̃ / (√ṽ + ε)                   m̂, v̂ as in Adam

ν₁ = ν₂ = 1 is Adam; ν₁ = 0 is RMSprop with Adam's correction; ν₁ = β₁ is Adam with Nesterov's
step. With ν₂ below 1 a gradient that is larger than all before it enters its own divisor with a
weight of at least 1 − ν₂, which bounds its step as Adam's is not bounded.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Decay,
    Fraction,
    Rate,
    Source,
    Squares,
    Strength,
    Tiny,
    Zeros,
    preset,
)
from thalweg.rules.words import ema, sqrt

source = Source(
    "Ma & Yarats", 2019, "Quasi-hyperbolic momentum and Adam for deep learning", arxiv="1810.06801"
)
presets = {
    "authors": preset(
        "facebookresearch/qhoptim, README", lr=1e-3, beta1=0.995, beta2=0.999, nu1=0.7, nu2=1.0
    ),
    "qhoptim": preset(
        "qhoptim.pyt.QHAdam 1.1",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        nu1=1.0,
        nu2=1.0,
        eps=1e-8,
        weight_decay=0.0,
        decoupled_weight_decay=False,
    ),
}
tuples = {"nus": ("nu1", "nu2")}


def qhadam(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.995,
    beta2: Decay = 0.999,
    nu1: Fraction = 0.7,
    nu2: Fraction = 1.0,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array, Array]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    square = grad * grad
    exp_avg = ema(exp_avg, grad, beta1)
    exp_avg_sq = ema(exp_avg_sq, square, beta2)
    mean = (1 - nu1) * grad + nu1 / (1 - beta1**step) * exp_avg
    scale = sqrt((1 - nu2) * square + nu2 / (1 - beta2**step) * exp_avg_sq) + eps
    return param - lr * mean / scale, exp_avg, exp_avg_sq
