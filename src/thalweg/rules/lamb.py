"""LAMB: Adam whose every layer moves by the same part of its own length.

    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    u = m̂ / (√v̂ + ε) + λ θ                   m̂, v̂ as in Adam; decay within the direction
    θ ← θ − η ‖θ‖ / ‖u‖ u                    the norms are those of one tensor

The trust ratio ‖θ‖ / ‖u‖ is 1 where either norm is zero, so that a layer which starts at zero can
leave it. With always_adapt=False, as at NVIDIA and in timm, it is 1 where nothing decays too.
trust_clip keeps it from exceeding 1. max_grad_norm, if not 0, first shrinks all gradients together
until their norm is at most that.
"""

from math import inf
from typing import Annotated

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
from thalweg.rules.words import ema, maximum, minimum, norm, sqrt, total, where

source = Source(
    "You, Li, Reddi, Hseu, Kumar, Bhojanapalli, Song, Demmel, Keutzer & Hsieh",
    2020,
    "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes",
    arxiv="1904.00962",
    where="Algorithm 2",
)
presets = {
    "paper": preset(
        "You et al. 2020, Algorithm 2 and section 4",
        beta1=0.9,
        beta2=0.999,
        bias_correction=True,
        always_adapt=True,
        trust_clip=False,
        max_grad_norm=0.0,
    ),
    "apex": preset(
        "NVIDIA's apex.optimizers.FusedLAMB and timm.optim.Lamb 1.0",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-6,
        weight_decay=1e-2,
        bias_correction=True,
        always_adapt=False,
        trust_clip=False,
        max_grad_norm=1.0,
    ),
}
Length = Annotated[float, Between(0, inf, "log", open_above=True, usual=1.0)]


def lamb(
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
    weight_decay: Strength = 1e-2,
    bias_correction: bool = True,
    always_adapt: bool = True,
    trust_clip: bool = False,
    max_grad_norm: Length = 0.0,
) -> tuple[Array, Array, Array]:
    if max_grad_norm:
        grad = 1 / maximum(1.0, sqrt(total(grad * grad)) / max_grad_norm) * grad
    exp_avg = ema(exp_avg, grad, beta1)
    exp_avg_sq = ema(exp_avg_sq, grad * grad, beta2)
    grown, root = (1 - beta1**step, sqrt(1 - beta2**step)) if bias_correction else (1.0, 1.0)
    direction = root / grown * exp_avg / (sqrt(exp_avg_sq) + eps * root)
    if weight_decay:
        direction = direction + weight_decay * param
    if always_adapt or weight_decay:
        length, stride = norm(param), norm(direction)
        # Not `length == 0`: a NaN in the gradient stays in its own element.
        trust = where((length > 0) & (stride > 0), length / where(stride > 0, stride, inf), 1.0)
        lr = lr * (minimum(trust, 1.0) if trust_clip else trust)
    return param - lr * direction, exp_avg, exp_avg_sq
