"""Signum: SignSGD with a memory; the sign of the average gradient says which way.

    θ ← θ (1 − η λ)                          decoupled weight decay       (weight_decay)
    m ← μ m + (1 − μ) g                      average gradient             (momentum_buffer)
    θ ← θ − η sign(m)                        the same amount for all      (lr)

The sign forgets lengths, so it does not matter that the average starts at zero and is too small
at first, nor whether it is an average or a sum. With `decoupled_weight_decay=False` the decay
enters the average: g ← g + λ θ.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Rate, Source, Strength, Zeros, preset
from thalweg.rules.signsgd import signsgd
from thalweg.rules.words import ema

source = Source(
    "Bernstein, Wang, Azizzadenesheli & Anandkumar",
    2018,
    "signSGD: Compressed Optimisation for Non-Convex Problems",
    arxiv="1802.04434",
    where="Algorithm 2",
)
presets = {
    "authors": preset(
        "jxbz/signSGD, ImageNet, with MXNet's decoupled decay at 0",
        lr=1e-4,
        momentum=0.9,
        weight_decay=0.0,
        decoupled_weight_decay=True,
    ),
    "imagenet": preset(
        "jxbz/signSGD, ImageNet",
        lr=1e-4,
        momentum=0.9,
        weight_decay=1e-5,
        decoupled_weight_decay=False,
    ),
    "mxnet": preset("mxnet.optimizer.Signum", lr=1e-2, momentum=0.9, weight_decay=0.0),
}


def signum(
    param: Array,
    grad: Array,
    momentum_buffer: Zeros,
    *,
    step: int,
    lr: Rate = 1e-4,
    momentum: Decay = 0.9,
    weight_decay: Strength = 0.0,
    decoupled_weight_decay: bool = True,
) -> tuple[Array, Array]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    momentum_buffer = ema(momentum_buffer, grad, momentum)
    (param,) = signsgd(param, momentum_buffer, step=step, lr=lr)
    return param, momentum_buffer
