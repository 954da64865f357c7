"""Adadelta: steps in the units of the weights, from the size of recent steps.

    v ← ρ v + (1 − ρ) g²                     average squared gradient     (square_avg)
    u = √(d + ε) / √(v + ε) · g
    d ← ρ d + (1 − ρ) u²                     average squared step         (acc_delta)
    θ ← θ − η u                              the paper has η = 1

Weight decay is coupled, g ← g + λ θ, as in torch, or decoupled, θ ← θ (1 − η λ), as in Keras.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Fraction, Rate, Source, Squares, Strength, Tiny, preset
from thalweg.rules.words import ema, sqrt

source = Source(
    "Zeiler",
    2012,
    "ADADELTA: An Adaptive Learning Rate Method",
    arxiv="1212.5701",
    where="Algorithm 1",
)
dialects = {
    "torch": preset(
        "torch.optim.Adadelta 2.13",
        lr=1.0,
        rho=0.9,
        eps=1e-6,
        weight_decay=0.0,
        decoupled_weight_decay=False,
    ),
    "paper": preset(
        "Zeiler 2012, section 4.1",
        lr=1.0,
        rho=0.95,
        eps=1e-6,
        weight_decay=0.0,
        decoupled_weight_decay=False,
    ),
    "keras": preset(
        "keras.optimizers.Adadelta 3.15",
        lr=1e-3,
        rho=0.95,
        eps=1e-7,
        weight_decay=0.0,
        decoupled_weight_decay=True,
    ),
    "optax": preset(
        "optax.adadelta 0.2.8, where lr must be given",
        rho=0.9,
        eps=1e-6,
        weight_decay=0.0,
        decoupled_weight_decay=False,
    ),
}


def adadelta(
    param: Array,
    grad: Array,
    square_avg: Squares,
    acc_delta: Squares,
    *,
    step: int,
    lr: Rate = 1.0,
    rho: Fraction = 0.9,
    eps: Tiny = 1e-6,
    weight_decay: Strength = 0.0,
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array, Array]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    square_avg = ema(square_avg, grad * grad, rho)
    update = sqrt(acc_delta + eps) / sqrt(square_avg + eps) * grad
    acc_delta = ema(acc_delta, update * update, rho)
    return param - lr * update, square_avg, acc_delta
