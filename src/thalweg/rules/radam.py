"""RAdam: Adam that waits until its second moment can be trusted.

    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    ρ∞ = 2/(1 − β₂) − 1    ρₜ = ρ∞ − 2t β₂ᵗ/(1 − β₂ᵗ)     the length of the average so far
    if ρₜ > 5:   r = √((ρₜ−4)(ρₜ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρₜ))      θ ← θ − η r m̂ √(1 − β₂ᵗ) / (√v + ε)
    else:        θ ← θ − η m̂                 m̂ = m / (1 − β₁ᵗ)

The paper switches above 4, torch and the authors' code above 5, which we follow: with β₂ = 0.999
that is at step 6. Until then the step is as long as the gradient is. With β₂ ≤ 2/3 it never
switches. As in torch, ε is added to the uncorrected √v.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Rate, Source, Squares, Strength, Tiny, Zeros, preset
from thalweg.rules.rectification import rectification
from thalweg.rules.words import ema, sqrt

source = Source(
    "Liu, Jiang, He, Chen, Liu, Gao & Han",
    2020,
    "On the Variance of the Adaptive Learning Rate and Beyond",
    arxiv="1908.03265",
    where="Algorithm 2",
)
presets = {
    "torch": preset(
        "torch.optim.RAdam 2.13",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        decoupled_weight_decay=False,
    ),
    "authors": preset("LiyuanLucasLiu/RAdam", lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8),
}


def radam(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array, Array]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    exp_avg = ema(exp_avg, grad, beta1)
    exp_avg_sq = ema(exp_avg_sq, grad * grad, beta2)
    rate = lr / (1 - beta1**step)
    trust = rectification(step, beta2)
    if trust:
        rate = rate * trust * sqrt(1 - beta2**step)
        return param - rate * exp_avg / (sqrt(exp_avg_sq) + eps), exp_avg, exp_avg_sq
    return param - rate * exp_avg, exp_avg, exp_avg_sq
