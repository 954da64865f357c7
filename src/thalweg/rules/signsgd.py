"""SignSGD: every weight moves by the same amount; the gradient says only which way.

    θ ← θ (1 − η λ)                          decoupled weight decay       (weight_decay)
    θ ← θ − η sign(g)                        one bit a weight             (lr)

With `decoupled_weight_decay=False` the decay is a penalty in the gradient, g ← g + λ θ, of which
only the sign is left: it can turn a step around, and never makes one longer.
"""

from collections.abc import Mapping
from typing import Any

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Rate, Source, Strength, preset
from thalweg.rules.words import sign

source = Source(
    "Bernstein, Wang, Azizzadenesheli & Anandkumar",
    2018,
    "signSGD: Compressed Optimisation for Non-Convex Problems",
    arxiv="1802.04434",
    where="Algorithm 1",
)
presets = {
    "authors": preset(
        "jxbz/signSGD, ImageNet (of Signum), and MXNet's Signum",
        lr=1e-4,
        weight_decay=0.0,
        decoupled_weight_decay=True,
    )
}


def accepts_sparse(hypers: Mapping[str, Any]) -> bool:
    """Only rows with a gradient move, so a sparse gradient says it all."""
    return not hypers["weight_decay"]


def signsgd(
    param: Array,
    grad: Array,
    *,
    step: int,
    lr: Rate = 1e-4,
    weight_decay: Strength = 0.0,
    decoupled_weight_decay: bool = True,
) -> tuple[Array]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    return (param - lr * sign(grad),)
