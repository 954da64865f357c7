"""Adagrad: a coordinate's step shrinks with all the gradient that it has ever seen.

    G ← G + g²                               sum of squared gradients     (sum)
    ηₜ = η / (1 + (t − 1) δ)                                              (lr_decay = δ)
    θ ← θ − ηₜ g / (√G + ε)                  eps_at="outside"   torch
    θ ← θ − ηₜ g / √(G + ε)                  eps_at="inside"    Keras, optax

Rare coordinates keep long steps, which suits sparse data. G starts at initial_accumulator_value.
Weight decay is coupled, g ← g + λ θ, as in torch, or decoupled, θ ← θ (1 − η λ), as in Keras.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Rate, Source, State, Strength, Tiny, preset
from thalweg.rules.words import sqrt

source = Source(
    "Duchi, Hazan & Singer",
    2011,
    "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization",
    venue="Journal of Machine Learning Research 12",
    where="Figure 1, diagonal",
)
dialects = {
    "torch": preset(
        "torch.optim.Adagrad 2.13",
        lr=1e-2,
        lr_decay=0.0,
        weight_decay=0.0,
        initial_accumulator_value=0.0,
        eps=1e-10,
        eps_at="outside",
        decoupled_weight_decay=False,
    ),
    "keras": preset(
        "keras.optimizers.Adagrad 3.15",
        lr=1e-3,
        lr_decay=0.0,
        weight_decay=0.0,
        initial_accumulator_value=0.1,
        eps=1e-7,
        eps_at="inside",
        decoupled_weight_decay=True,
    ),
    "optax": preset(
        "optax.adagrad 0.2.8, where lr must be given",
        lr_decay=0.0,
        weight_decay=0.0,
        initial_accumulator_value=0.1,
        eps=1e-7,
        eps_at="inside",
        decoupled_weight_decay=False,
    ),
}


def accepts_sparse(hypers: Mapping[str, Any]) -> bool:
    """Only rows with a gradient move, so a sparse gradient says it all."""
    return not hypers["weight_decay"]


def adagrad(
    param: Array,
    grad: Array,
    sum: Annotated[Array, State(start="initial_accumulator_value", positive=True)],
    *,
    step: int,
    lr: Rate = 1e-2,
    lr_decay: Strength = 0.0,
    weight_decay: Strength = 0.0,
    initial_accumulator_value: Strength = 0.0,
    eps: Tiny = 1e-10,
    eps_at: Literal["outside", "inside"] = "outside",
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    total = sum + grad * grad
    rate = lr / (1 + (step - 1) * lr_decay)
    scale = sqrt(total) + eps if eps_at == "outside" else sqrt(total + eps)
    return param - rate * grad / scale, total
