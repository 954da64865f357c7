"""Grams: as far as Adam would go, in the direction of the gradient of now.

    u = η m̂ / (√v̂ + ε)                       Adam's step; m, v as there   (exp_avg, exp_avg_sq)
    θ ← θ (1 − η λ) − |u| sign(g)

Momentum says how far, never which way: a weight whose average still points the other way turns at
once, and one whose gradient is zero rests.
"""

from thalweg.rules.adam import adam
from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Rate, Source, Squares, Strength, Tiny, Zeros, preset
from thalweg.rules.words import sign

source = Source(
    "Cao, Li & Song",
    2024,
    "Grams: Gradient Descent with Adaptive Momentum Scaling",
    arxiv="2412.17107",
)
presets = {
    "authors": preset(
        "Gunale0926/Grams", lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-6, weight_decay=0.0
    )
}


def grams(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-6,
    weight_decay: Strength = 0.0,
) -> tuple[Array, Array, Array]:
    param, _ = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=True)
    # Adam's step from nowhere is the step itself.
    update, exp_avg, exp_avg_sq, _ = adam(
        0.0, grad, exp_avg, exp_avg_sq, None, step=step, lr=lr, beta1=beta1, beta2=beta2, eps=eps
    )
    return param - abs(update) * sign(grad), exp_avg, exp_avg_sq
