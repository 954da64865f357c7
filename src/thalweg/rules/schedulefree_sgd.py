"""ScheduleFreeSGD: an average that is trained at, in place of a learning rate that falls.

    y = (1 − β) z + β x                      the weights you hold: gradients are taken here
    z ← z − γₜ (g + λ y)                     plain SGD                    (z)
    x ← (1 − cₜ) x + cₜ z                    its weighted average: what to evaluate
    cₜ = wₜ / (w₁ + … + wₜ)                  wₜ = tʳ γ̂ₜ²                  (weight_sum)
    γₜ = η min(1, t / warmup_steps)          γ̂ₜ is the largest so far     (lr_max)

β is `momentum`, and 2 is `weight_lr_power`. The parameters are y while you train; x is not stored,
since x = (y − (1 − β) z) / β, and `averaged` gives it. No schedule is needed and the length of the
training need not be known; a warm-up still helps.
"""

from typing import Annotated, Any

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Between,
    CopyOfParam,
    Decay,
    Rate,
    Source,
    Strength,
    number,
    preset,
)
from thalweg.rules.rule import Demand
from thalweg.rules.words import ema

source = Source(
    "Defazio, Yang, Mehta, Mishchenko, Khaled & Cutkosky",
    2024,
    "The Road Less Scheduled",
    arxiv="2405.15682",
    where="equations 3 to 5",
)
presets = {
    "authors": preset(
        "schedulefree.SGDScheduleFree 1.4",
        lr=1.0,
        momentum=0.9,
        weight_decay=0.0,
        warmup_steps=0,
        r=0.0,
        weight_lr_power=2.0,
    )
}
demands = (
    Demand(
        lambda h: h["momentum"] > 0,
        "momentum=0 leaves no trace of the average; momentum=0.9 is usual",
    ),
)
Steps = Annotated[float, Between(0, float("inf"), "log", open_above=True, usual=1000)]
Power = Annotated[float, Between(0, float("inf"), open_above=True, usual=2.0)]


def averaged(param: Array, z: Array, *, momentum: float, **hypers: Any) -> Array:
    """The weights x to evaluate, from y and z."""
    return ema(z, param, 1 - 1 / momentum)


def schedulefree_sgd(
    param: Array,
    grad: Array,
    z: CopyOfParam,
    *,
    step: int,
    lr: Rate = 1.0,
    momentum: Decay = 0.9,
    weight_decay: Strength = 0.0,
    warmup_steps: Steps = 0,
    r: Power = 0.0,
    weight_lr_power: Power = 2.0,
    weight_sum: Annotated[float, number(0.0)] = 0.0,
    lr_max: Annotated[float, number(0.0)] = 0.0,
) -> tuple[Array, Array, float, float]:
    param, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    lr = lr * min(1.0, step / warmup_steps) if warmup_steps else lr
    lr_max = max(lr, lr_max)
    weight = step**r * lr_max**weight_lr_power
    weight_sum = weight_sum + weight
    share = weight / weight_sum if weight_sum else 0.0
    # (1 − β) z + β x after both have moved, without x.
    param = ema(param, z, 1 - share) - lr * (1 - momentum * (1 - share)) * grad
    return param, z - lr * grad, weight_sum, lr_max
