"""Adamax: Adam with the largest recent gradient in place of the root mean square.

    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    u ← max(β₂ u, |g| + ε)                   largest recent gradient      (exp_inf)
    θ ← θ − η / (1 − β₁ᵗ) · m / u            no coordinate moves further than η

Here ε stands inside the maximum, as in torch and optax. With eps_at="outside", as in Keras, u is
max(β₂ u, |g|) and the step is divided by u + ε. The paper has no ε.

Weight decay is coupled, g ← g + λ θ, as in torch, or decoupled, θ ← θ (1 − η λ), as in Keras.
"""

from typing import Literal

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
dialects = {
    "torch": preset(
        "torch.optim.Adamax 2.13",
        lr=2e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        eps_at="inside",
        decoupled_weight_decay=False,
    ),
    "paper": preset(
        "Kingma & Ba 2015, Algorithm 2, where a weight without any gradient so far is 0/0",
        lr=2e-3,
        beta1=0.9,
        beta2=0.999,
        eps=0.0,
        weight_decay=0.0,
        eps_at="inside",
        decoupled_weight_decay=False,
    ),
    "keras": preset(
        "keras.optimizers.Adamax 3.15",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-7,
        weight_decay=0.0,
        eps_at="outside",
        decoupled_weight_decay=True,
    ),
    "optax": preset(
        "optax.adamax and optax.adamaxw 0.2.8, where lr must be given",
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        eps_at="inside",
        decoupled_weight_decay=True,
    ),
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
    eps_at: Literal["inside", "outside"] = "inside",
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array, Array]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    exp_avg = ema(exp_avg, grad, beta1)
    if eps_at == "inside":
        scale = exp_inf = maximum(beta2 * exp_inf, abs(grad) + eps)
    else:
        exp_inf = maximum(beta2 * exp_inf, abs(grad))
        scale = exp_inf + eps
    return param - lr / (1 - beta1**step) * exp_avg / scale, exp_avg, exp_inf
