"""DoWG: DoG with gradients weighted by the distance, so that early ones count for little.

    r̄² ← max(r̄², ‖θ − θ₀‖²)                  the farthest from the start  (rt2, x0 = θ₀)
    v ← v + r̄² ‖g‖²                          weighted                     (vt)
    θ ← θ − η r̄² / (√v + ε) g                η is 1 and better stays so   (lr)

The norms go over all tensors together. r̄² starts at ε. In DoG the large gradients of the first
steps slow the rule down for ever; here they carry the weight of the small distance that there was.
"""

from math import inf
from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Between, CopyOfParam, Rate, Source, Strength, number, preset
from thalweg.rules.words import maximum, sqrt, total, where

source = Source(
    "Khaled, Mishchenko & Jin",
    2023,
    "DoWG Unleashed: An Efficient Universal Parameter-Free Gradient Descent Method",
    arxiv="2305.16284",
    where="Algorithm 1",
)
presets = {"authors": preset("rka97/dowg", lr=1.0, eps=1e-4, weight_decay=0.0)}


def dowg(
    param: Array,
    grad: Array,
    x0: CopyOfParam,
    *,
    step: int,
    lr: Rate = 1.0,
    eps: Annotated[float, Between(0, inf, "log", open_above=True, usual=1e-4)] = 1e-4,
    weight_decay: Strength = 0.0,
    rt2: Annotated[float, number("eps")] = 1e-4,
    vt: Annotated[float, number(0.0)] = 0.0,
) -> tuple[Array, Array, float, float]:
    _, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    away = param - x0
    rt2 = maximum(rt2, total(away * away))
    vt = vt + rt2 * total(grad * grad)
    below = sqrt(vt) + eps
    return param - lr * rt2 / where(below > 0, below, inf) * grad, x0, rt2, vt
