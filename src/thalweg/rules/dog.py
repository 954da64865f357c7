"""DoG: SGD whose learning rate is the distance gone so far over the gradients met so far.

    g ← g + λ θ                              coupled weight decay         (weight_decay)
    r̄ ← max(r̄, ‖θ − θ₀‖)                     the farthest from the start  (rbar, init_buffer = θ₀)
    G ← G + ‖g‖²                             starts at ε                  (G)
    θ ← θ − η r̄ / √G g                       η is 1 and better stays so   (lr)

The norms go over all tensors together. The first r̄ is ρ (1 + ‖θ₀‖), where ρ is `reps_rel`: small,
so that the first step can do no harm; the rate then grows by itself, and falls as gradients add up.
The authors evaluate an average of the weights: without one it does worse than a tuned SGD.
"""

from math import inf
from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Between,
    CopyOfParam,
    Rate,
    Source,
    Strength,
    Tiny,
    number,
    preset,
)
from thalweg.rules.words import maximum, sqrt, total, where

source = Source(
    "Ivgi, Hinder & Carmon",
    2023,
    "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size Schedule",
    arxiv="2302.12022",
    where="section 2",
)
presets = {
    "authors": preset("dog.DoG 1.0.3", lr=1.0, reps_rel=1e-6, eps=1e-8, weight_decay=0.0),
    "batch-norm": preset("dog.DoG 1.0.3, for networks with batch normalisation", reps_rel=1e-4),
}


def dog(
    param: Array,
    grad: Array,
    init_buffer: CopyOfParam,
    *,
    step: int,
    lr: Rate = 1.0,
    reps_rel: Annotated[float, Between(0, inf, "log", open_above=True, usual=1e-6)] = 1e-6,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    rbar: Annotated[float, number(0.0)] = 0.0,
    G: Annotated[float, number("eps")] = 0.0,  # noqa: N803 - as it stands in the authors' groups
) -> tuple[Array, Array, float, float]:
    _, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    away = param - init_buffer
    # Asked for at every step, so that all tensors ask for the same sums, and one kernel does.
    first = (reps_rel if step == 1 else 0.0) * (1 + sqrt(total(param * param)))
    rbar = maximum(rbar, maximum(first, sqrt(total(away * away))))
    squares = G + total(grad * grad)
    rate = lr * rbar / sqrt(where(squares > 0, squares, inf))
    return param - rate * grad, init_buffer, rbar, squares
