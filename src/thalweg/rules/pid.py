"""PID: a controller's step: what the gradient is, what it has been, and how it changes.

    g ← g + λ θ                              coupled weight decay         (weight_decay)
    I ← μ I + (1 − d) g                      the past: as in SGD          (i_buffer)
    D ← μ D + (1 − μ) (g − g₋₁)              the change, smoothed         (d_buffer)
    θ ← θ − η (g + kᵢ I + k_d D)             g₋₁ is the last gradient     (grad_buffer)

The first gradient enters I whole, and D begins with the second, for one gradient is no change.
The derivative brakes where the gradient turns, so that momentum overshoots less. Without it, and
with kᵢ = μ, this is Nesterov's SGD.
"""

from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Between,
    Decay,
    Momentum,
    Rate,
    Source,
    Strength,
    Zeros,
    preset,
)

source = Source(
    "An, Wang, Sun, Xu, Dai & Zhang",
    2018,
    "A PID Controller Approach for Stochastic Optimization of Deep Networks",
    venue="CVPR",
)
presets = {
    "authors": preset(
        "tensorboy/PIDOptimizer",
        momentum=0.9,
        dampening=0.0,
        integral=5.0,
        derivative=10.0,
        weight_decay=0.0,
    ),
    "mnist": preset(
        "tensorboy/PIDOptimizer, mnist_pid.py",
        lr=1e-2,
        momentum=0.9,
        integral=3.0,
        derivative=100.0,
        weight_decay=1e-4,
    ),
    "pytorch_optimizer": preset(
        "pytorch_optimizer.PID 4.1", lr=1e-3, dampening=0.0, integral=5.0, derivative=10.0
    ),
}
Gain = Annotated[float, Between(0, float("inf"), "log", open_above=True, usual=5.0)]


def pid(
    param: Array,
    grad: Array,
    grad_buffer: Zeros,
    i_buffer: Zeros,
    d_buffer: Zeros,
    *,
    step: int,
    lr: Rate = 1e-3,
    momentum: Decay = 0.9,
    dampening: Momentum = 0.0,
    integral: Gain = 5.0,
    derivative: Gain = 10.0,
    weight_decay: Strength = 0.0,
) -> tuple[Array, Array, Array, Array]:
    param, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    # Numbers, not a branch: the first step and the later ones are the same kernel.
    first = step == 1
    keep, gain, change = (0.0, 1.0, 0.0) if first else (momentum, 1 - dampening, 1 - momentum)
    i_buffer = keep * i_buffer + gain * grad
    d_buffer = momentum * d_buffer + change * (grad - grad_buffer)
    direction = grad + integral * i_buffer + derivative * d_buffer
    return param - lr * direction, grad, i_buffer, d_buffer
