"""NAdam: Adam that looks ahead, as Nesterov does.

    μₜ = β₁ (1 − ½ · 0.96^(t ψ))             the momentum warms up        (momentum_decay = ψ)
    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    m̂ = μₜ₊₁ m / (1 − μ₁…μₜ₊₁) + (1 − μₜ) g / (1 − μ₁…μₜ)                 (mu_product = μ₁…μₜ)
    θ ← θ − η m̂ / (√v̂ + ε)                   v̂ = v / (1 − β₂ᵗ)

Keras has ψ = 1: its momentum has warmed up after a hundred steps. With momentum_form="constant",
as in optax, μₜ = β₁ at all steps.
"""

from typing import Annotated, Literal

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Decay,
    Rate,
    Source,
    Squares,
    Strength,
    Tiny,
    Zeros,
    number,
    preset,
)
from thalweg.rules.words import ema, sqrt

source = Source(
    "Dozat",
    2016,
    "Incorporating Nesterov Momentum into Adam",
    venue="ICLR Workshop",
    where="Algorithm 2",
)
dialects = {
    "torch": preset(
        "torch.optim.NAdam 2.13",
        lr=2e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        momentum_decay=4e-3,
        decoupled_weight_decay=False,
        momentum_form="warming",
    ),
    "keras": preset(
        "keras.optimizers.Nadam 3.15",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-7,
        weight_decay=0.0,
        momentum_decay=1.0,
        decoupled_weight_decay=True,
        momentum_form="warming",
    ),
    "optax": preset(
        "optax.nadam and optax.nadamw 0.2.8, where lr must be given",
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        momentum_decay=4e-3,
        decoupled_weight_decay=True,
        momentum_form="constant",
    ),
}
presets = {
    "paper": preset("Dozat 2016, section 3", lr=2e-3, beta2=0.999, eps=1e-8, momentum_decay=4e-3)
}


def nadam(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 2e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    momentum_decay: Strength = 4e-3,
    decoupled_weight_decay: bool = False,
    momentum_form: Literal["warming", "constant"] = "warming",
    mu_product: Annotated[float, number(1.0)] = 1.0,
) -> tuple[Array, Array, Array, float]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    mu = mu_next = beta1
    if momentum_form == "warming":
        mu = beta1 * (1 - 0.5 * 0.96 ** (step * momentum_decay))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))
    mu_product = mu_product * mu
    exp_avg = ema(exp_avg, grad, beta1)
    exp_avg_sq = ema(exp_avg_sq, grad * grad, beta2)
    ahead = mu_next / (1 - mu_product * mu_next) * exp_avg + (1 - mu) / (1 - mu_product) * grad
    correction = sqrt(1 - beta2**step)  # of √v̂, multiplied through as in Adam
    scale = sqrt(exp_avg_sq) + eps * correction
    return param - lr * correction * ahead / scale, exp_avg, exp_avg_sq, mu_product
