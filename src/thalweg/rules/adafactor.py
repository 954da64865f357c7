"""Adafactor: a step for every coordinate, remembered by rows and columns.

    β̂ = 1 − t^τ                              from 0 towards 1             (beta2_decay = τ)
    R ← β̂ R + (1 − β̂) mean of g² over a row                               (row_var)
    C ← β̂ C + (1 − β̂) mean of g² over a column                            (col_var)
    V = R C / max(mean(R), ε₁)               of vectors V ← β̂ V + (1 − β̂) g²   (variance)
    u = g / max(√V, ε₁)
    ρ = min(η, 1/√t) · max(ε₂, RMS(θ))       a part of the tensor's own size
    θ ← θ (1 − η λ) − ρ u / max(1, RMS(u)/d)

The state of a matrix of r rows and c columns is r + c numbers. Matrices are the last two
dimensions. β̂ is 0 at the first step, so nothing needs to be corrected. ε₁=None is 2⁻²³, the
distance from 1 to the next float32, in which the arithmetic is done. The paper adds ε₁ to g²
instead; the two agree where gradients are larger than that.
"""

from math import inf
from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.factored import clipped, rms, root
from thalweg.rules.kinds import (
    Array,
    Between,
    ColumnSquares,
    Rate,
    RowSquares,
    Source,
    Strength,
    Tiny,
    VectorSquares,
    preset,
)
from thalweg.rules.words import column_mean, ema, maximum, minimum, row_mean, sqrt, where

source = Source(
    "Shazeer & Stern",
    2018,
    "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost",
    arxiv="1804.04235",
    where="Algorithms 4 and 5",
)
presets = {
    "torch": preset(
        "torch.optim.Adafactor 2.13, whose eps1=None is the parameter's own precision",
        lr=1e-2,
        beta2_decay=-0.8,
        eps1=None,
        eps2=1e-3,
        d=1.0,
        weight_decay=0.0,
    ),
    "paper": preset(
        "Shazeer & Stern 2018, Algorithm 6, without decay",
        lr=1e-2,
        beta2_decay=-0.8,
        eps1=1e-30,
        eps2=1e-3,
        d=1.0,
        weight_decay=0.0,
    ),
}
tuples = {"eps": ("eps1", "eps2")}


def adafactor(
    param: Array,
    grad: Array,
    row_var: RowSquares,
    col_var: ColumnSquares,
    variance: VectorSquares,
    *,
    step: int,
    lr: Rate = 1e-2,
    beta2_decay: Annotated[float, Between(-inf, 0, usual=-0.8)] = -0.8,
    eps1: Annotated[float | None, Between(0, inf, "log", open_above=True, usual=1e-30)] = None,
    eps2: Tiny = 1e-3,
    d: Annotated[float, Between(1, inf, open_above=True, usual=1.0)] = 1.0,
    weight_decay: Strength = 0.0,
) -> tuple[Array, Array | None, Array | None, Array | None]:
    floor = 2.0**-23 if eps1 is None else eps1
    size = rms(param)
    rate = minimum(lr, 1 / sqrt(step)) * where(size > eps2, size, eps2)
    param, _ = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=True)
    square = grad * grad
    beta2 = 1 - step**beta2_decay
    if variance is None:
        row_var = ema(row_var, row_mean(square), beta2)
        col_var = ema(col_var, column_mean(square), beta2)
        scale = root(row_var, col_var, floor)
    else:
        variance = ema(variance, square, beta2)
        scale = sqrt(variance)
    update = clipped(grad / maximum(scale, floor), d)
    return param - rate * update, row_var, col_var, variance
