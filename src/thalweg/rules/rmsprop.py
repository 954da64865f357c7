"""RMSprop: each coordinate's gradient divided by its recent root mean square.

    v ← α v + (1 − α) g²                     average squared gradient     (square_avg)
    centred:  a ← α a + (1 − α) g            average gradient             (grad_avg)
              v̂ = v − a², at least 0         its variance; else v̂ = v
    u = g / (√v̂ + ε)
    with momentum:  b ← μ b + u,  u = b                                   (momentum_buffer)
    θ ← θ − η u

Rounding can make v − a² negative; torch takes its root all the same and gets NaN, we stop at 0.
"""

from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Fraction,
    Momentum,
    Rate,
    Source,
    Squares,
    State,
    Strength,
    Tiny,
    preset,
)
from thalweg.rules.words import ema, maximum, sqrt

source = Source(
    "Hinton, Srivastava & Swersky",
    2012,
    "Neural Networks for Machine Learning",
    venue="Coursera",
    where="lecture 6e; centred: Graves 2013, arXiv:1308.0850, equation 38",
)
presets = {
    "torch": preset(
        "torch.optim.RMSprop 2.13",
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0.0,
        momentum=0.0,
        centered=False,
    ),
    "lecture": preset("Hinton 2012, lecture 6e", alpha=0.9),
}


def rmsprop(
    param: Array,
    grad: Array,
    square_avg: Squares,
    momentum_buffer: Annotated[Array | None, State(when="momentum")],
    grad_avg: Annotated[Array | None, State(when="centered")],
    *,
    step: int,
    lr: Rate = 1e-2,
    alpha: Fraction = 0.99,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    momentum: Momentum = 0.0,
    centered: bool = False,
) -> tuple[Array, Array, Array | None, Array | None]:
    param, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    square_avg = ema(square_avg, grad * grad, alpha)
    spread = square_avg
    if grad_avg is not None:
        mean = grad_avg = ema(grad_avg, grad, alpha)
        spread = maximum(square_avg - mean * mean, 0.0)
    update = grad / (sqrt(spread) + eps)
    if momentum_buffer is not None:
        update = momentum_buffer = momentum * momentum_buffer + update
    return param - lr * update, square_avg, momentum_buffer, grad_avg
