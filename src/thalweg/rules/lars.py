"""LARS: SGD whose every layer moves by the same part of its own length.

    l = τ ‖θ‖ / (‖g‖ + λ ‖θ‖ + ε)            the layer's own rate         (trust_coefficient = τ)
    g ← l (g + λ θ)                          the norms are those of one tensor
    b ← μ b + g    θ ← θ − η b               momentum, as in SGD          (momentum_buffer = b)

l is 1 where ‖θ‖ or ‖g‖ is zero. With always_adapt=False, as in timm, it is 1 where nothing decays
too. The paper has η within the velocity: form="velocity".
"""

from math import inf
from typing import Annotated, Literal

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Between,
    Momentum,
    Rate,
    Source,
    State,
    Strength,
    Tiny,
    preset,
)
from thalweg.rules.rule import Demand
from thalweg.rules.sgd import sgd
from thalweg.rules.words import norm, where

source = Source(
    "You, Gitman & Ginsburg",
    2017,
    "Large Batch Training of Convolutional Networks",
    arxiv="1708.03888",
    where="Algorithm 1",
)
presets = {
    "paper": preset(
        "You, Gitman & Ginsburg 2017, Algorithm 1 and section 5",
        momentum=0.9,
        trust_coefficient=1e-3,
        eps=0.0,
        nesterov=False,
        always_adapt=True,
        form="velocity",
    ),
    "timm": preset(
        "timm.optim.Lars 1.0",
        lr=1.0,
        momentum=0.0,
        weight_decay=0.0,
        trust_coefficient=1e-3,
        eps=1e-8,
        nesterov=False,
        always_adapt=False,
        form="sum",
    ),
}
demands = (
    Demand(
        lambda h: not h["nesterov"] or h["momentum"],
        "nesterov=True needs a momentum above 0; momentum=0.9 is usual",
    ),
)


def lars(
    param: Array,
    grad: Array,
    momentum_buffer: Annotated[Array | None, State(when="momentum")],
    *,
    step: int,
    lr: Rate = 1.0,
    momentum: Momentum = 0.9,
    weight_decay: Strength = 0.0,
    trust_coefficient: Annotated[float, Between(0, inf, "log", open_above=True, usual=1e-3)] = 1e-3,
    eps: Tiny = 1e-8,
    nesterov: bool = False,
    always_adapt: bool = True,
    form: Literal["sum", "velocity"] = "sum",
) -> tuple[Array, Array | None]:
    _, pulled = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    if always_adapt or weight_decay:
        length, slope = norm(param), norm(grad)
        below = slope + weight_decay * length + eps
        rate = trust_coefficient * length / where(below > 0, below, inf)
        pulled = where((length > 0) & (slope > 0), rate, 1.0) * pulled
    return sgd(
        param,
        pulled,
        momentum_buffer,
        step=step,
        lr=lr,
        momentum=momentum,
        nesterov=nesterov,
        form=form,
    )
