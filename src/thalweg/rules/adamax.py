"""Adamax: Adam with the largest recent gradient in place of the root mean square.

    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    u ← max(β₂ u, |g| + ε)                   largest recent gradient      (exp_inf)
    θ ← θ − η / (1 − β₁ᵗ) · m / u            no coordinate moves further than η

The paper has no ε; torch adds it inside the maximum, Keras to u.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Rate, Source, Squares, Strength, Tiny, Zeros, preset
from thalweg.rules.words import ema, maximum

source = Source(
    "Kingma & Ba",
    2015,
    "Adam: A Method for Stochastic Optimization",
    arxiv="1412.6980",
    where="Algorithm 2 (section 7.1)",
)
presets = {
    "torch": preset(
        "torch.optim.Adamax 2.13", lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0
    ),
    "paper": preset("Kingma & Ba 2015, Algorithm 2", lr=2e-3, beta1=0.9, beta2=0.999),
}


def adamax(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_inf: Squares,
    *,
    step: int,
    lr: Rate = 2e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
) -> tuple[Array, Array, Array]:
    param, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    exp_avg = ema(exp_avg, grad, beta1)
    exp_inf = maximum(beta2 * exp_inf, abs(grad) + eps)
    return param - lr / (1 - beta1**step) * exp_avg / exp_inf, exp_avg, exp_inf
