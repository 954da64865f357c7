"""DAdaptAdam: Adam that finds its learning rate from a lower bound on the way to the minimum.

    γ = d η                                  times √(1 − β₂ᵗ) / (1 − β₁ᵗ) with use_bias_correction
    q = ⟨γ g, s / (√v + ε)⟩                  with s and v as they were
    m ← β₁ m + (1 − β₁) γ g                  average step                 (exp_avg)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    s ← √β₂ s + (1 − √β₂) γ g                a longer average of steps    (s)
    n ← √β₂ n + (1 − √β₂) q                                               (numerator_weighted)
    d ← max(d, min(n / ((1 − √β₂) ‖s‖₁), d κ))    never falls             (d, growth_rate = κ)
    θ ← θ − m / (√v + ε)

⟨·,·⟩ and ‖·‖₁ go over all tensors together. Weight decay is coupled, g ← g + λ θ, or decoupled,
θ ← θ (1 − γ λ), with `decouple`. η is 1 and better stays so, but for a schedule.
"""

from math import inf
from typing import Annotated

from thalweg.rules.dadapt_sgd import Estimate, Growth, grown
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
from thalweg.rules.rule import Demand
from thalweg.rules.words import ema, sqrt, total, where

source = Source(
    "Defazio & Mishchenko",
    2023,
    "Learning-Rate-Free Learning by D-Adaptation",
    arxiv="2301.07733",
    where="as in version 3 of the authors' program",
)
presets = {
    "authors": preset(
        "dadaptation.DAdaptAdam 3.2",
        lr=1.0,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        decouple=False,
        use_bias_correction=False,
        d0=1e-6,
        growth_rate=None,
    )
}
demands = (
    Demand(lambda h: h["d0"] > 0, "d0=0 would never grow; d0=1e-6 is usual"),
    Demand(lambda h: h["eps"] > 0, "eps=0 divides by the average before the first step, 0"),
)


def dadapt_adam(
    param: Array,
    grad: Array,
    s: Zeros,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 1.0,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    decouple: bool = False,
    use_bias_correction: bool = False,
    d0: Estimate = 1e-6,
    growth_rate: Growth = None,
    d: Annotated[float, number("d0")] = 1e-6,
    numerator_weighted: Annotated[float, number(0.0)] = 0.0,
) -> tuple[Array, Array, Array, Array, float, float]:
    rate = d * lr
    if use_bias_correction:
        rate = rate * sqrt(1 - beta2**step) / (1 - beta1**step)
    param, grad = decay(param, grad, lr=rate, weight_decay=weight_decay, decoupled=decouple)
    keep = sqrt(beta2)
    scaled = rate * grad
    found = total(scaled * s / (sqrt(exp_avg_sq) + eps))
    numerator_weighted = keep * numerator_weighted + (1 - keep) * found
    exp_avg = ema(exp_avg, scaled, beta1)
    exp_avg_sq = ema(exp_avg_sq, grad * grad, beta2)
    s = ema(s, scaled, keep)
    way = (1 - keep) * total(abs(s))
    d = grown(d, numerator_weighted / where(way > 0, way, inf), growth_rate)
    param = param - exp_avg / (sqrt(exp_avg_sq) + eps)
    return param, s, exp_avg, exp_avg_sq, d, numerator_weighted
