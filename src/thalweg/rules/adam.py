"""Adam: every coordinate gets its own step, from running averages of its gradient.

    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    m̂ = m / (1 − β₁ᵗ)   v̂ = v / (1 − β₂ᵗ)    both start at zero; this undoes the pull towards it
    θ ← θ − η m̂ / (√v̂ + ε)                   eps_at="outside"   torch, optax, the paper
    θ ← θ − η m̂ / ((√v + ε̂) / √(1 − β₂ᵗ))    eps_at="hat"       Keras; the paper's section 2, end

Weight decay is coupled, as in torch: g ← g + λ θ comes first. AMSGrad (Reddi, Kale & Kumar 2018,
arXiv:1904.09237) divides by the largest v so far, so that a rare large gradient is not forgotten:
the largest v before the correction (torch, Keras), or the largest v̂ after it (optax).
"""

from typing import Annotated, Literal

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Decay,
    Rate,
    Source,
    Squares,
    State,
    Strength,
    Tiny,
    Zeros,
    preset,
)
from thalweg.rules.words import ema, maximum, sqrt

source = Source(
    "Kingma & Ba",
    2015,
    "Adam: A Method for Stochastic Optimization",
    arxiv="1412.6980",
    where="Algorithm 1",
)
dialects = {
    "torch": preset(
        "torch.optim.Adam 2.13",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        amsgrad=False,
        decoupled_weight_decay=False,
        eps_at="outside",
        amsgrad_max="before",
    ),
    "paper": preset(
        "Kingma & Ba 2015, Algorithm 1",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        amsgrad=False,
        decoupled_weight_decay=False,
        eps_at="outside",
        amsgrad_max="before",
    ),
    "keras": preset(
        "keras.optimizers.Adam 3.15",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-7,
        weight_decay=0.0,
        amsgrad=False,
        decoupled_weight_decay=True,
        eps_at="hat",
        amsgrad_max="before",
    ),
    "optax": preset(
        "optax.adam and optax.amsgrad 0.2.8, where lr must be given",
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        amsgrad=False,
        decoupled_weight_decay=True,
        eps_at="outside",
        amsgrad_max="after",
    ),
}
presets = {
    "article": preset(
        "Amin Ag 2019, Optimization in Deep Learning", beta1=0.9, beta2=0.99, eps=1e-10
    )
}


def adam(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    max_exp_avg_sq: Annotated[Array | None, State(when="amsgrad", positive=True)],
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    amsgrad: bool = False,
    decoupled_weight_decay: bool = False,
    eps_at: Literal["outside", "hat"] = "outside",
    amsgrad_max: Literal["before", "after"] = "before",
) -> tuple[Array, Array, Array, Array | None]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    exp_avg = ema(exp_avg, grad, beta1)
    exp_avg_sq = ema(exp_avg_sq, grad * grad, beta2)
    # m̂ / (√v̂ + ε) with √(1 − β₂ᵗ) multiplied through, as the paper's section 2 ends: arithmetic
    # between numbers is free, a quotient of arrays is not.
    correction = sqrt(1 - beta2**step)
    if max_exp_avg_sq is None:
        root = sqrt(exp_avg_sq)
    elif amsgrad_max == "before":
        max_exp_avg_sq = maximum(max_exp_avg_sq, exp_avg_sq)
        root = sqrt(max_exp_avg_sq)
    else:
        max_exp_avg_sq = maximum(max_exp_avg_sq, 1 / (1 - beta2**step) * exp_avg_sq)
        root = correction * sqrt(max_exp_avg_sq)
    scale = root + (eps * correction if eps_at == "outside" else eps)
    param = param - lr * correction / (1 - beta1**step) * exp_avg / scale
    return param, exp_avg, exp_avg_sq, max_exp_avg_sq
