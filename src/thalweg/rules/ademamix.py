"""AdEMAMix: Adam with a second, much older average of the gradient mixed in.

    m ← β₁ m + (1 − β₁) g                    recent gradients             (exp_avg_fast)
    o ← bₜ o + (1 − bₜ) g                    old ones: ten thousand steps (exp_avg_slow)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    m̂ = m / (1 − β₁ᵗ)   v̂ = v / (1 − β₂ᵗ)    o is not corrected: it comes in slowly
    θ ← θ (1 − η λ) − η (m̂ + aₜ o) / (√v̂ + ε)
    aₜ = α min(t/T, 1)                       T = alpha_warmup; 0 for none
    bₜ from β₁ to β₃ over the first T steps, its half-life growing evenly; T = beta3_warmup

Warm-ups as long as the training are usual, so that T is the number of its steps.
"""

from math import inf, log
from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Between,
    Decay,
    Rate,
    Source,
    Squares,
    Strength,
    Tiny,
    Zeros,
    preset,
)
from thalweg.rules.words import ema, sqrt

Steps = Annotated[float, Between(0, inf, "log", open_above=True, usual=10_000)]
"""How many steps something takes."""

source = Source(
    "Pagliardini, Ablin & Grangier",
    2024,
    "The AdEMAMix Optimizer: Better, Faster, Older",
    arxiv="2409.03137",
    where="Algorithm 1",
)
presets = {
    "authors": preset(
        "apple/ml-ademamix, its code",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        beta3=0.9999,
        alpha=2.0,
        eps=1e-8,
        weight_decay=0.0,
        alpha_warmup=0,
        beta3_warmup=0,
    ),
    "language": preset(
        "apple/ml-ademamix, its README, for 256,000 steps",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        beta3=0.9999,
        alpha=8.0,
        weight_decay=0.1,
        alpha_warmup=256_000,
        beta3_warmup=256_000,
    ),
    "optax": preset(
        "optax.contrib.ademamix 0.2.8, where lr must be given; pytorch_optimizer too",
        beta1=0.9,
        beta2=0.999,
        beta3=0.9999,
        alpha=5.0,
        eps=1e-8,
        weight_decay=0.0,
        alpha_warmup=0,
        beta3_warmup=0,
    ),
}


def ademamix(
    param: Array,
    grad: Array,
    exp_avg_fast: Zeros,
    exp_avg_slow: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    beta3: Decay = 0.9999,
    alpha: Strength = 2.0,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    alpha_warmup: Steps = 0,
    beta3_warmup: Steps = 0,
) -> tuple[Array, Array, Array, Array]:
    param, _ = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=True)
    mix = alpha * step / alpha_warmup if step < alpha_warmup else alpha
    slow = _between(beta1, beta3, step / beta3_warmup) if step < beta3_warmup else beta3
    exp_avg_fast = ema(exp_avg_fast, grad, beta1)
    exp_avg_slow = ema(exp_avg_slow, grad, slow)
    exp_avg_sq = ema(exp_avg_sq, grad * grad, beta2)
    correction = sqrt(1 - beta2**step)  # of √v̂, multiplied through as in Adam
    rate = lr * correction
    scale = sqrt(exp_avg_sq) + eps * correction
    param = param - (rate / (1 - beta1**step) * exp_avg_fast + rate * mix * exp_avg_slow) / scale
    return param, exp_avg_fast, exp_avg_slow, exp_avg_sq


def _between(start: float, end: float, part: float) -> float:
    """The decay whose half-life lies at this part of the way between those of two decays."""
    half_life = (1 - part) * _half_life(start) + part * _half_life(end)
    return 0.5 ** (1 / half_life) if half_life else 0.0


def _half_life(decay: float) -> float:
    return log(0.5) / log(decay) if decay else 0.0
