"""AdamMini: Adam with one second moment for each row of a matrix, not for each element.

    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← β₂ v + (1 − β₂) mean(g²)             over a row                   (exp_avg_sq_row)
    θ ← θ (1 − η λ) − η m̂ / (√v̂ + ε)         m̂, v̂ as in AdamW

The last two dimensions are rows and columns: a row of a linear layer's weight is what goes into one
neuron. A vector has one v, as large as itself (exp_avg_sq), with the same number everywhere. With
blocks="tensor" so has a matrix, in all its rows.

The authors partition by the names of layers. There, queries and keys have a v for each head, and
biases one for each element, as in Adam; here rows are rows.
"""

from math import inf
from typing import Literal

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Decay,
    Rate,
    RowSquares,
    Source,
    Strength,
    Tiny,
    VectorSquares,
    Zeros,
    preset,
)
from thalweg.rules.words import ema, mean, row_mean, sqrt, where

source = Source(
    "Zhang, Chen, Li, Ding, Wu, Kingma, Ye, Luo & Sun",
    2024,
    "Adam-mini: Use Fewer Learning Rates To Gain More",
    arxiv="2406.16793",
    where="Algorithm 1",
)
presets = {
    "authors": preset(
        "zyushun/Adam-mini 1.1.1, for layers that it knows by name",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        blocks="row",
    )
}


def adam_mini(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq_row: RowSquares,
    exp_avg_sq: VectorSquares,
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    blocks: Literal["row", "tensor"] = "row",
) -> tuple[Array, Array, Array | None, Array | None]:
    param, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=True)
    exp_avg = ema(exp_avg, grad, beta1)
    square = grad * grad
    new = row_mean(square) if exp_avg_sq is None and blocks == "row" else mean(square)
    new = where(new < inf, new, inf)  # a NaN stops its block, and shows in its own weight
    if exp_avg_sq is None:
        second = exp_avg_sq_row = ema(exp_avg_sq_row, new, beta2)
    else:
        second = exp_avg_sq = ema(exp_avg_sq, new, beta2)
    correction = sqrt(1 - beta2**step)  # of √v̂, multiplied through as in Adam
    scale = sqrt(second) + eps * correction
    param = param - lr * correction / (1 - beta1**step) * exp_avg / scale
    return param, exp_avg, exp_avg_sq_row, exp_avg_sq
