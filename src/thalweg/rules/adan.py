"""Adan: Adam with Nesterov's look ahead, from the change between one gradient and the next.

    d = g − g of the step before             0 at the first step          (pre_grad)
    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    k ← β₂ k + (1 − β₂) d                    average change               (exp_avg_diff)
    n ← β₃ n + (1 − β₃) (g + β₂ d)²          average squared look ahead   (exp_avg_sq)
    θ ← (θ − η (m̂ + β₂ k̂) / (√n̂ + ε)) / (1 + η λ)     m̂, k̂, n̂ corrected for starting at zero

The paper's β are one minus these: its (0.02, 0.08, 0.01) are (0.98, 0.92, 0.99). Weight decay is
proximal: it divides, after the step. With `no_prox` it multiplies by 1 − η λ before, as AdamW.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Rate, Source, Squares, Strength, Tiny, Zeros, preset
from thalweg.rules.words import ema, sqrt

source = Source(
    "Xie, Zhou, Li, Lin & Yan",
    2022,
    "Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models",
    arxiv="2208.06677",
    where="Algorithm 1",
)
presets = {
    "authors": preset(
        "sail-sg/Adan",
        lr=1e-3,
        beta1=0.98,
        beta2=0.92,
        beta3=0.99,
        eps=1e-8,
        weight_decay=0.0,
        no_prox=False,
    ),
    "decayed": preset("sail-sg/Adan, its README", weight_decay=0.02),
}


def adan(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    exp_avg_diff: Zeros,
    pre_grad: Zeros,
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.98,
    beta2: Decay = 0.92,
    beta3: Decay = 0.99,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    no_prox: bool = False,
) -> tuple[Array, Array, Array, Array, Array]:
    before, after = (weight_decay, 0.0) if no_prox else (0.0, weight_decay)
    param, _ = decay(param, grad, lr=lr, weight_decay=before, decoupled=True)
    # A number, not a branch: the first step and the later ones are the same kernel.
    change = (0.0 if step == 1 else 1.0) * (grad - pre_grad)
    ahead = grad + beta2 * change
    exp_avg = ema(exp_avg, grad, beta1)
    exp_avg_diff = ema(exp_avg_diff, change, beta2)
    exp_avg_sq = ema(exp_avg_sq, ahead * ahead, beta3)
    correction = sqrt(1 - beta3**step)  # of √n̂, multiplied through as in Adam
    by_mean = lr * correction / (1 - beta1**step)
    by_change = lr * correction * beta2 / (1 - beta2**step)
    scale = sqrt(exp_avg_sq) + eps * correction
    param = param - (by_mean * exp_avg + by_change * exp_avg_diff) / scale
    if after:
        param = 1 / (1 + lr * after) * param
    return param, exp_avg, exp_avg_sq, exp_avg_diff, grad
