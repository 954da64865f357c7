"""QHM: a step along a mix of the gradient and its average.

    b ← μ b + (1 − μ) g                      average gradient             (momentum_buffer)
    θ ← θ − η ((1 − ν) g + ν b)              ν of the average             (nu)

ν = 0 is gradient descent, ν = 1 momentum in its average form, ν = μ Nesterov's. Between them lies
a long memory that still answers at once: μ = 0.999 with ν = 0.7. The gain is 1, so a learning rate
for torch's SGD with momentum μ is to be divided by 1 − μ.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Fraction, Rate, Source, Strength, Zeros, preset
from thalweg.rules.words import ema

source = Source(
    "Ma & Yarats", 2019, "Quasi-hyperbolic momentum and Adam for deep learning", arxiv="1810.06801"
)
presets = {
    "authors": preset(
        "Ma & Yarats 2019 and facebookresearch/qhoptim",
        lr=1.0,
        momentum=0.999,
        nu=0.7,
        weight_decay=0.0,
        decoupled_weight_decay=False,
    )
}


def qhm(
    param: Array,
    grad: Array,
    momentum_buffer: Zeros,
    *,
    step: int,
    lr: Rate = 1.0,
    momentum: Decay = 0.999,
    nu: Fraction = 0.7,
    weight_decay: Strength = 0.0,
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    momentum_buffer = ema(momentum_buffer, grad, momentum)
    return param - lr * ((1 - nu) * grad + nu * momentum_buffer), momentum_buffer
