"""Prodigy: Adam that finds its learning rate, faster than D-Adaptation does.

    γ = d η                                  times √(1 − β₂ᵗ) / (1 − β₁ᵗ) with use_bias_correction
    n ← β₃ n + d γ / d₀ ⟨g, θ₀ − θ⟩                                       (d_numerator, p0 = θ₀)
    m ← β₁ m + (1 − β₁) d g                  average of d g               (exp_avg)
    v ← β₂ v + (1 − β₂) (d g)²               average of its square        (exp_avg_sq)
    s ← β₃ s + d γ / d₀ g                    a weighted sum               (s)
    d̂ = c n / ‖s‖₁                           the largest so far is d̄      (d_max, d_coef = c)
    d ← min(d̄, d κ)                          never falls                  (d, growth_rate = κ)
    θ ← θ (1 − γ λ) − γ m / (√v + d ε)

⟨·,·⟩ and ‖·‖₁ go over all tensors together. β₃ is √β₂ unless given. With `safeguard_warmup` γ is d
in the line of s. Weight decay is coupled, g ← g + λ θ, without `decouple`. η is 1 and better stays
so, but for a schedule; `d_coef` is the number to tune.
"""

from math import inf
from typing import Annotated

from thalweg.rules.dadapt_sgd import Estimate, Growth, grown
from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Between,
    CopyOfParam,
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
from thalweg.rules.rule import Demand
from thalweg.rules.words import ema, minimum, sqrt, total, where

source = Source(
    "Mishchenko & Defazio",
    2024,
    "Prodigy: An Expeditiously Adaptive Parameter-Free Learner",
    arxiv="2306.06101",
    where="Deriving Adam-Like Step Sizes",
)
presets = {
    "authors": preset(
        "prodigyopt.Prodigy 1.1.2",
        lr=1.0,
        beta1=0.9,
        beta2=0.999,
        beta3=None,
        eps=1e-8,
        weight_decay=0.0,
        decouple=True,
        use_bias_correction=False,
        safeguard_warmup=False,
        d0=1e-6,
        d_coef=1.0,
        growth_rate=None,
    )
}
tuples = {"betas": ("beta1", "beta2")}  # beta3 stands apart, as in the authors' program
demands = (Demand(lambda h: h["d0"] > 0, "d0=0 would never grow; d0=1e-6 is usual"),)


def prodigy(
    param: Array,
    grad: Array,
    s: Zeros,
    p0: CopyOfParam,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 1.0,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    beta3: Annotated[float | None, Between(0, 1, usual=0.9995)] = None,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    decouple: bool = True,
    use_bias_correction: bool = False,
    safeguard_warmup: bool = False,
    d0: Estimate = 1e-6,
    d_coef: Annotated[float, Between(0, inf, "log", open_above=True, usual=1.0)] = 1.0,
    growth_rate: Growth = None,
    d: Annotated[float, number("d0")] = 1e-6,
    d_max: Annotated[float, number("d0")] = 1e-6,
    d_numerator: Annotated[float, number(0.0)] = 0.0,
) -> tuple[Array, Array, Array, Array, Array, float, float, float]:
    keep = sqrt(beta2) if beta3 is None else beta3
    rate = d * lr
    if use_bias_correction:
        rate = rate * sqrt(1 - beta2**step) / (1 - beta1**step)
    pulled, grad = decay(param, grad, lr=rate, weight_decay=weight_decay, decoupled=decouple)
    # η stands within the sum: tensors may differ in it, frozen ones with η = 0, and share one d.
    weighted = d / d0 * rate * grad
    d_numerator = keep * d_numerator + total(weighted * (p0 - param))
    scaled = d * grad
    exp_avg = ema(exp_avg, scaled, beta1)
    exp_avg_sq = ema(exp_avg_sq, scaled * scaled, beta2)
    s = keep * s + (d / d0 * d * grad if safeguard_warmup and lr else weighted)
    way = total(abs(s))
    d_hat = d_coef * d_numerator / where(way > 0, way, inf)
    d_max = grown(d_max, d_hat, None)
    # The first growth is not held back, as in the authors' program.
    d = d_max if growth_rate is None or d == d0 else minimum(d_max, d * growth_rate)
    param = pulled - rate * exp_avg / (sqrt(exp_avg_sq) + d * eps)
    return param, s, p0, exp_avg, exp_avg_sq, d, d_max, d_numerator
