"""ADOPT: Adam that divides each gradient by what was known before it came.

    first step:   v = g², and nothing moves
    n = g / max(√v, ε)                       by the v of the step before  (exp_avg_sq)
    n ← n between −cₜ and cₜ                 cₜ = (t − 1)^¼               (clip_exp)
    m ← β₁ m + (1 − β₁) n                    average of the quotients     (exp_avg)
    θ ← θ − η m
    v ← β₂ v + (1 − β₂) g²                   after the step

In Adam g stands above and below the line of the same quotient, which is why its β₂ must be near 1
to converge; here any β₂ will do. Weight decay is coupled unless said otherwise, and neither kind
moves anything at the first step. `clipped=False` is the paper's first version.
"""

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
from thalweg.rules.words import ema, maximum, minimum, sqrt

source = Source(
    "Taniguchi, Harada, Minegishi, Oshima, Jeong, Nagahara, Iiyama, Suzuki, Iwasawa & Matsuo",
    2024,
    "ADOPT: Modified Adam Can Converge with Any β2 with the Optimal Rate",
    arxiv="2411.02853",
)
presets = {
    "authors": preset(
        "iShohei220/adopt, December 2024",
        lr=1e-3,
        beta1=0.9,
        beta2=0.9999,
        eps=1e-6,
        weight_decay=0.0,
        clipped=True,
        clip_exp=0.25,
        decoupled_weight_decay=False,
    ),
    "timm": preset(
        "timm.optim.Adopt 1.0.31",
        lr=1e-3,
        beta1=0.9,
        beta2=0.9999,
        eps=1e-6,
        weight_decay=0.0,
        clipped=True,
        clip_exp=0.333,
        decoupled_weight_decay=False,
    ),
    "first": preset("iShohei220/adopt before 22 November 2024: no clipping", clipped=False),
}


def adopt(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.9999,
    eps: Tiny = 1e-6,
    weight_decay: Strength = 0.0,
    clipped: bool = True,
    clip_exp: Annotated[float, Between(0, 1, usual=0.25)] = 0.25,
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array, Array]:
    # Numbers, not a branch: the first step and the later ones are the same kernel.
    moved, kept, remembered, bound = (
        (0.0, 1.0, 0.0, 0.0) if step == 1 else (lr, beta1, beta2, (step - 1) ** clip_exp)
    )
    param, grad = decay(
        param, grad, lr=moved, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    normed = grad / maximum(sqrt(exp_avg_sq), eps)
    if clipped:
        normed = minimum(maximum(normed, -bound), bound)
    exp_avg = ema(exp_avg, normed, kept)
    return param - moved * exp_avg, exp_avg, ema(exp_avg_sq, grad * grad, remembered)
