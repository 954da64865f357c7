"""AdaBelief: Adam that steps far where gradients are as expected, and short where they surprise.

    m ← β₁ m + (1 − β₁) g                    the gradient expected        (exp_avg)
    s ← β₂ s + (1 − β₂) (g − m)² + ε         how wrong it was, squared    (exp_avg_var)
    m̂ = m / (1 − β₁ᵗ)   ŝ = s / (1 − β₂ᵗ)
    θ ← θ − η m̂ / (√ŝ + ε)

ε stands twice: outside the root, and inside the state, where it is added at each step and comes
to ε / (1 − β₂). Weight decay is decoupled unless said otherwise. With `rectify`, the authors'
default, the step is RAdam's, with s in the place of v; AMSGrad divides by the largest s so far.
"""

from typing import Annotated

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
from thalweg.rules.rectification import rectification
from thalweg.rules.words import ema, maximum, sqrt

source = Source(
    "Zhuang, Tang, Ding, Tatikonda, Dvornek, Papademetris & Duncan",
    2020,
    "AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients",
    arxiv="2010.07468",
    where="Algorithm 2",
)
presets = {
    "authors": preset(
        "juntang-zhuang/Adabelief-Optimizer 0.2.1",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-16,
        weight_decay=0.0,
        amsgrad=False,
        rectify=True,
        decoupled_weight_decay=True,
    ),
    "optax": preset(
        "optax 0.2.8, where lr must be given",
        beta1=0.9,
        beta2=0.999,
        eps=1e-16,
        weight_decay=0.0,
        amsgrad=False,
        rectify=False,
    ),
    "images": preset(
        "the authors, where SGD does better than Adam: convolutional networks", eps=1e-8
    ),
}


def adabelief(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_var: Squares,
    max_exp_avg_var: Annotated[Array | None, State(when="amsgrad", positive=True)],
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-16,
    weight_decay: Strength = 0.0,
    amsgrad: bool = False,
    rectify: bool = True,
    decoupled_weight_decay: bool = True,
) -> tuple[Array, Array, Array, Array | None]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    exp_avg = ema(exp_avg, grad, beta1)
    surprise = grad - exp_avg
    exp_avg_var = ema(exp_avg_var, surprise * surprise, beta2) + eps
    largest = exp_avg_var if max_exp_avg_var is None else maximum(max_exp_avg_var, exp_avg_var)
    states = exp_avg, exp_avg_var, None if max_exp_avg_var is None else largest
    rate = lr / (1 - beta1**step)
    correction = sqrt(1 - beta2**step)  # of √ŝ, multiplied through as in Adam
    if not rectify:
        return param - rate * correction * exp_avg / (sqrt(largest) + eps * correction), *states
    trust = rectification(step, beta2)
    if trust:
        return param - rate * trust * correction * exp_avg / (sqrt(largest) + eps), *states
    return param - rate * exp_avg, *states
