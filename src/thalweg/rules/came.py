"""CAME: Adafactor's update, averaged, and followed less where it disagrees with its average.

    R, C ← averages of g² + ε₁, with β₂      by rows and columns          (exp_avg_sq_row, _col)
    u = g / √V                               V = R C / mean(R); of vectors their own  (exp_avg_sq)
    u ← u / max(1, RMS(u) / d)                                            (clip_threshold = d)
    m ← β₁ m + (1 − β₁) u                                                 (exp_avg)
    R', C' ← averages of (u − m)² + ε₂, with β₃                           (exp_avg_res_row, _col)
    θ ← θ (1 − η λ) − η m / √S               S = R' C' / mean(R'); of vectors 1

Beside m the state of a matrix of r rows and c columns is 2 (r + c) numbers. Nothing is corrected
for having started at zero: at first V is too small and the update is clipped, and S is too small,
so m / √S is long.
"""

from math import inf
from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.factored import clipped, root
from thalweg.rules.kinds import (
    Array,
    Between,
    ColumnSquares,
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
from thalweg.rules.words import column_mean, ema, row_mean, sqrt

source = Source(
    "Luo, Ren, Zheng, Jiang, Jiang & You",
    2023,
    "CAME: Confidence-guided Adaptive Memory Efficient Optimization",
    arxiv="2307.02047",
    where="Algorithm 2",
)
presets = {
    "authors": preset(
        "yangluo7/CAME: came_pytorch 0.1.3, and its README for lr, which must be given",
        lr=2e-4,
        eps1=1e-30,
        eps2=1e-16,
        clip_threshold=1.0,
        beta1=0.9,
        beta2=0.999,
        beta3=0.9999,
        weight_decay=0.0,
    )
}
tuples = {"eps": ("eps1", "eps2")}


def came(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq_row: RowSquares,
    exp_avg_sq_col: ColumnSquares,
    exp_avg_res_row: RowSquares,
    exp_avg_res_col: ColumnSquares,
    exp_avg_sq: VectorSquares,
    *,
    step: int,
    lr: Rate = 2e-4,
    eps1: Tiny = 1e-30,
    eps2: Tiny = 1e-16,
    clip_threshold: Annotated[float, Between(0, inf, "log", open_above=True, usual=1.0)] = 1.0,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    beta3: Decay = 0.9999,
    weight_decay: Strength = 0.0,
) -> tuple[Array, ...]:
    param, _ = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=True)
    square = grad * grad + eps1
    if exp_avg_sq is not None:
        exp_avg_sq = ema(exp_avg_sq, square, beta2)
        update = clipped(grad / sqrt(exp_avg_sq), clip_threshold)
        exp_avg = ema(exp_avg, update, beta1)
        return param - lr * exp_avg, exp_avg, None, None, None, None, exp_avg_sq
    exp_avg_sq_row = ema(exp_avg_sq_row, row_mean(square), beta2)
    exp_avg_sq_col = ema(exp_avg_sq_col, column_mean(square), beta2)
    update = clipped(grad / root(exp_avg_sq_row, exp_avg_sq_col), clip_threshold)
    exp_avg = ema(exp_avg, update, beta1)
    away = update - exp_avg
    doubt = away * away + eps2
    exp_avg_res_row = ema(exp_avg_res_row, row_mean(doubt), beta3)
    exp_avg_res_col = ema(exp_avg_res_col, column_mean(doubt), beta3)
    param = param - lr * exp_avg / root(exp_avg_res_row, exp_avg_res_col)
    return param, exp_avg, exp_avg_sq_row, exp_avg_sq_col, exp_avg_res_row, exp_avg_res_col, None
