"""AggMo: several velocities of different memory, and a step along their mean.

    bᵢ ← βᵢ bᵢ + g       i = 1, 2, 3         a velocity for each decay    (momentum_buffer1, …)
    θ ← θ − η (b₁ + b₂ + b₃) / 3             along their mean             (lr)

The long memory goes fast along the valley; the short ones damp its swings across. A decay of 0
remembers nothing: that velocity is the gradient itself and takes no memory. A constant gradient is
stepped along with the mean of the gains 1/(1 − βᵢ), which is 37 at the defaults.
"""

from typing import Annotated

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Rate, Source, State, Strength, preset

source = Source(
    "Lucas, Sun, Zemel & Grosse",
    2019,
    "Aggregated Momentum: Stability Through Passive Damping",
    arxiv="1804.00325",
)
presets = {
    "authors": preset(
        "AtheMathmo/AggMo", lr=1e-2, beta1=0.0, beta2=0.9, beta3=0.99, weight_decay=0.0
    )
}


def aggmo(
    param: Array,
    grad: Array,
    momentum_buffer1: Annotated[Array | None, State(when="beta1")],
    momentum_buffer2: Annotated[Array | None, State(when="beta2")],
    momentum_buffer3: Annotated[Array | None, State(when="beta3")],
    *,
    step: int,
    lr: Rate = 1e-2,
    beta1: Decay = 0.0,
    beta2: Decay = 0.9,
    beta3: Decay = 0.99,
    weight_decay: Strength = 0.0,
) -> tuple[Array, Array | None, Array | None, Array | None]:
    param, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    first = grad if momentum_buffer1 is None else beta1 * momentum_buffer1 + grad
    second = grad if momentum_buffer2 is None else beta2 * momentum_buffer2 + grad
    third = grad if momentum_buffer3 is None else beta3 * momentum_buffer3 + grad
    param = param - lr / 3 * (first + second + third)
    return (
        param,
        None if momentum_buffer1 is None else first,
        None if momentum_buffer2 is None else second,
        None if momentum_buffer3 is None else third,
    )
