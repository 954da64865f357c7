"""ScheduleFreeAdamW: AdamW with an average that is trained at, in place of a schedule.

    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    u = g / (√v̂ + ε)                         v̂ = v / (1 − β₂ᵗ), as in Adam
    z ← z − γₜ (u + λ y)                     decoupled decay, at y        (z)
    x ← (1 − cₜ) x + cₜ z                    the average: what to evaluate
    y = (1 − β₁) z + β₁ x                    the weights you hold: gradients are taken here

γₜ and cₜ are those of ScheduleFreeSGD, which makes the step. There is no average gradient: β₁ says
how near the average the gradients are taken, and does what momentum does. x is not stored;
`averaged` gives it.
"""

from typing import Annotated, Any

from thalweg.rules.kinds import (
    Array,
    CopyOfParam,
    Decay,
    Rate,
    Source,
    Squares,
    Strength,
    Tiny,
    number,
    preset,
)
from thalweg.rules.rule import Demand
from thalweg.rules.schedulefree_sgd import Power, Steps, schedulefree_sgd
from thalweg.rules.schedulefree_sgd import averaged as averaged_sgd
from thalweg.rules.words import ema, sqrt

source = Source(
    "Defazio, Yang, Mehta, Mishchenko, Khaled & Cutkosky",
    2024,
    "The Road Less Scheduled",
    arxiv="2405.15682",
    where="Algorithm 1",
)
presets = {
    "authors": preset(
        "schedulefree.AdamWScheduleFree 1.4",
        lr=2.5e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        warmup_steps=0,
        r=0.0,
        weight_lr_power=2.0,
    )
}
demands = (
    Demand(lambda h: h["beta1"] > 0, "beta1=0 leaves no trace of the average; beta1=0.9 is usual"),
)


def averaged(param: Array, z: Array, exp_avg_sq: Array, *, beta1: float, **hypers: Any) -> Array:
    """The weights x to evaluate, from y and z."""
    return averaged_sgd(param, z, momentum=beta1)


def schedulefree_adamw(
    param: Array,
    grad: Array,
    z: CopyOfParam,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 2.5e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 0.0,
    warmup_steps: Steps = 0,
    r: Power = 0.0,
    weight_lr_power: Power = 2.0,
    weight_sum: Annotated[float, number(0.0)] = 0.0,
    lr_max: Annotated[float, number(0.0)] = 0.0,
) -> tuple[Array, Array, Array, float, float]:
    exp_avg_sq = ema(exp_avg_sq, grad * grad, beta2)
    correction = sqrt(1 - beta2**step)  # of √v̂, multiplied through as in Adam
    direction = correction * grad / (sqrt(exp_avg_sq) + eps * correction)
    param, z, weight_sum, lr_max = schedulefree_sgd(
        param,
        direction,
        z,
        step=step,
        lr=lr,
        momentum=beta1,
        weight_decay=weight_decay,
        warmup_steps=warmup_steps,
        r=r,
        weight_lr_power=weight_lr_power,
        weight_sum=weight_sum,
        lr_max=lr_max,
    )
    return param, z, exp_avg_sq, weight_sum, lr_max
