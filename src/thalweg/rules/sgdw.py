"""SGDW: SGD whose weight decay pulls straight at the weights, past the velocity.

    θ ← θ (1 − η λ)                    decoupled weight decay             (weight_decay)
    b, θ as in SGD, without its decay  the velocity, in any of its forms  (momentum_buffer)

Coupled decay passes through the velocity, whose gain 1/(1 − μ) makes it ten times as strong at
μ = 0.9, and ten steps late; without momentum the two are one. The paper multiplies λ by the
schedule alone; here, as in torch's AdamW, it is multiplied by the learning rate too.
"""

from typing import Annotated, Literal

from thalweg.rules.kinds import Array, Momentum, Rate, Source, State, Strength, preset
from thalweg.rules.sgd import accepts_sparse, demands, sgd

__all__ = ["accepts_sparse", "demands", "presets", "sgdw", "source"]

source = Source(
    "Loshchilov & Hutter",
    2019,
    "Decoupled Weight Decay Regularization",
    arxiv="1711.05101",
    where="Algorithm 1",
)
presets = {
    "authors": preset(
        "loshchil/AdamW-and-SGDW, whose decay leaves out lr", lr=0.1, momentum=0.9, dampening=0.0
    ),
    "torch": preset("torch.optim.AdamW 2.13, for the decay", lr=1e-3, weight_decay=1e-2),
    "timm": preset(
        "timm.optim.SGDW 1.0",
        lr=1e-3,
        momentum=0.0,
        dampening=0.0,
        weight_decay=0.0,
        nesterov=False,
        form="sum",
    ),
}


def sgdw(
    param: Array,
    grad: Array,
    momentum_buffer: Annotated[Array | None, State(when="momentum")],
    *,
    step: int,
    lr: Rate = 1e-3,
    momentum: Momentum = 0.9,
    dampening: Momentum = 0.0,
    weight_decay: Strength = 1e-2,
    nesterov: bool = False,
    form: Literal["sum", "average", "velocity"] = "sum",
) -> tuple[Array, Array | None]:
    return sgd(
        param,
        grad,
        momentum_buffer,
        step=step,
        lr=lr,
        momentum=momentum,
        dampening=dampening,
        weight_decay=weight_decay,
        nesterov=nesterov,
        form=form,
        decoupled_weight_decay=True,
    )
