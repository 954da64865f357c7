"""SGD: a step against the gradient, or along a velocity that remembers past gradients.

    g ← g + λ θ                        coupled weight decay               (weight_decay)
    θ ← θ (1 − η λ)                    or decoupled, as Keras has it      (decoupled_weight_decay)
    without momentum:
    θ ← θ − η g                        gradient descent                   (lr)
    with momentum μ, in one of three forms:
    b ← μ b + (1 − d) g    θ ← θ − η b        "sum"       torch, d = dampening
    b ← μ b + (1 − μ) g    θ ← θ − η b        "average"   the mean of past gradients
    b ← μ b − η g          θ ← θ + b          "velocity"  Keras, Sutskever 2013
    Nesterov looks ahead: it moves by one more such update of b, with the same g.

The batch is the caller's: the whole data set makes it gradient descent, a sample of it stochastic
gradient descent. In the sum and velocity forms a constant gradient is stepped along with
η/(1 − μ), so raising μ from 0.5 to 0.9 makes the step five times longer; in the average form the
gain is 1. The first gradient enters the sum and the average whole, as in torch.
"""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Any, Literal

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Between, Momentum, Source, State, Strength, preset
from thalweg.rules.rule import Demand

source = Source(
    "Polyak",
    1964,
    "Some methods of speeding up the convergence of iteration methods",
    venue="USSR Computational Mathematics and Mathematical Physics 4(5)",
    where="equation 9",
)
dialects = {
    "torch": preset(
        "torch.optim.SGD 2.13",
        lr=1e-3,
        momentum=0.0,
        dampening=0.0,
        weight_decay=0.0,
        nesterov=False,
        form="sum",
        decoupled_weight_decay=False,
    ),
    "keras": preset(
        "keras.optimizers.SGD 3.15",
        lr=1e-2,
        momentum=0.0,
        dampening=0.0,
        weight_decay=0.0,
        nesterov=False,
        form="velocity",
        decoupled_weight_decay=True,
    ),
    "optax": preset(
        "optax.sgd 0.2.8, where lr must be given",
        momentum=0.0,
        dampening=0.0,
        weight_decay=0.0,
        nesterov=False,
        form="sum",
        decoupled_weight_decay=False,
    ),
}
presets = {
    "sutskever": preset(
        "Sutskever et al. 2013, On the importance of initialization and momentum",
        momentum=0.9,
        nesterov=True,
        form="velocity",
    )
}
demands = (
    Demand(
        lambda h: not h["nesterov"] or (h["momentum"] and not h["dampening"]),
        "nesterov=True needs a momentum above 0 and dampening=0; momentum=0.9 is usual",
    ),
    Demand(
        lambda h: h["form"] == "sum" or not h["dampening"],
        'dampening belongs to form="sum"; the other forms need dampening=0',
    ),
)

# A gradient has the loss's own scale, so good learning rates are far from any default: from
# regression with large targets to networks that take steps of 1.
STEEP = (1e-3, 10.0)


def accepts_sparse(hypers: Mapping[str, Any]) -> bool:
    """Only rows with a gradient move, so a sparse gradient says it all."""
    return not hypers["weight_decay"]


def sgd(
    param: Array,
    grad: Array,
    momentum_buffer: Annotated[Array | None, State(when="momentum")],
    *,
    step: int,
    lr: Annotated[float, Between(0, inf, "log", open_above=True, usual=1e-3, search=STEEP)] = 1e-3,
    momentum: Momentum = 0.0,
    dampening: Momentum = 0.0,
    weight_decay: Strength = 0.0,
    nesterov: bool = False,
    form: Literal["sum", "average", "velocity"] = "sum",
    decoupled_weight_decay: bool = False,
) -> tuple[Array, Array | None]:
    param, grad = decay(
        param, grad, lr=lr, weight_decay=weight_decay, decoupled=decoupled_weight_decay
    )
    if momentum_buffer is None:
        return param - lr * grad, None
    if form == "velocity":
        buffer = momentum * momentum_buffer - lr * grad
        return param + (momentum * buffer - lr * grad if nesterov else buffer), buffer
    # Numbers, not a branch: the first step and the later ones are the same kernel.
    damp = 1 - dampening if form == "sum" else 1 - momentum
    keep, gain = (0.0, 1.0) if step == 1 else (momentum, damp)
    buffer = keep * momentum_buffer + gain * grad
    direction = damp * grad + momentum * buffer if nesterov else buffer
    return param - lr * direction, buffer
