"""Yogi: Adam whose scale moves by steps of g², so that it never falls faster than it can rise.

    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← v − (1 − β₂) sign(v − g²) g²         squared gradient             (exp_avg_sq)
    ηₜ = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)
    θ ← θ − ηₜ m / (√v + ε)

In Adam v falls in proportion to v − g², however small g is: after a few large gradients the step
soon grows again. Here v falls by (1 − β₂) g² at most. It starts at `initial_accumulator`, above
zero. The paper corrects no bias; the first author's code does, by ηₜ, and so do we: ε is added to
the uncorrected √v. Weight decay is coupled unless said otherwise; the paper has none.
"""

from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Rate, Source, State, Strength, Tiny, Zeros, preset
from thalweg.rules.words import ema, sign, sqrt

source = Source(
    "Zaheer, Reddi, Sachan, Kale & Kumar",
    2018,
    "Adaptive Methods for Nonconvex Optimization",
    venue="NeurIPS",
    where="Algorithm 2",
)
presets = {
    "tensorflow": preset(
        "tensorflow_addons.optimizers.Yogi 0.23, kept by the paper's first author",
        lr=1e-2,
        beta1=0.9,
        beta2=0.999,
        eps=1e-3,
        weight_decay=0.0,
        initial_accumulator=1e-6,
        decoupled_weight_decay=False,
    ),
    "optax": preset(
        "optax 0.2.8, where lr must be given",
        beta1=0.9,
        beta2=0.999,
        eps=1e-3,
        weight_decay=0.0,
        initial_accumulator=1e-6,
    ),
}


def yogi(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Annotated[Array, State(start="initial_accumulator", positive=True)],
    *,
    step: int,
    lr: Rate = 1e-2,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-3,
    weight_decay: Strength = 0.0,
    initial_accumulator: Tiny = 1e-6,
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array, Array]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    exp_avg = ema(exp_avg, grad, beta1)
    square = grad * grad
    exp_avg_sq = exp_avg_sq - (1 - beta2) * sign(exp_avg_sq - square) * square
    rate = lr * sqrt(1 - beta2**step) / (1 - beta1**step)
    return param - rate * exp_avg / (sqrt(exp_avg_sq) + eps), exp_avg, exp_avg_sq
