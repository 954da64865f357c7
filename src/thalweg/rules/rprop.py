"""Rprop: every weight has a step of its own, which grows while its gradient keeps its sign.

    s = sign(g) sign(g₋₁)                    same way, turned, or neither (prev = g₋₁)
    Δ ← η₊ Δ  if s > 0                       go on, faster                (step_size)
    Δ ← η₋ Δ  if s < 0                       a minimum was passed         (etas = (η₋, η₊))
    g ← 0     if s < 0                       so wait here for one step
    θ ← θ − Δ sign(g)                        Δ clamped to step_sizes; it starts at lr

Only signs count, so the path is the same whatever the gradients' scale. It is for full batches:
the noise of a small one turns signs, and the steps shrink to nothing.
"""

from typing import Annotated

from thalweg.rules.kinds import Array, Between, Rate, Source, State, Zeros, preset
from thalweg.rules.rule import Demand
from thalweg.rules.words import maximum, minimum, sign, where

source = Source(
    "Riedmiller & Braun",
    1993,
    "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm",
    venue="IEEE International Conference on Neural Networks",
)
presets = {
    "torch": preset(
        "torch.optim.Rprop 2.13",
        lr=1e-2,
        etaminus=0.5,
        etaplus=1.2,
        step_size_min=1e-6,
        step_size_max=50.0,
    ),
    "paper": preset(
        "Riedmiller & Braun 1993",
        lr=0.1,
        etaminus=0.5,
        etaplus=1.2,
        step_size_min=1e-6,
        step_size_max=50.0,
    ),
}
demands = (
    Demand(
        lambda h: 0 < h["etaminus"] < 1 < h["etaplus"],
        "etas need a factor between 0 and 1 and one above 1; etas=(0.5, 1.2) is usual",
    ),
    Demand(
        lambda h: h["step_size_min"] <= h["step_size_max"],
        "step_sizes are the smallest and the largest; step_sizes=(1e-6, 50) is usual",
    ),
)
tuples = {"etas": ("etaminus", "etaplus"), "step_sizes": ("step_size_min", "step_size_max")}


def rprop(
    param: Array,
    grad: Array,
    prev: Zeros,
    step_size: Annotated[Array, State(start="lr")],
    *,
    step: int,
    lr: Rate = 1e-2,
    etaminus: Annotated[float, Between(0, 1, usual=0.5)] = 0.5,
    etaplus: Annotated[float, Between(1, float("inf"), "log", open_above=True, usual=1.2)] = 1.2,
    step_size_min: Rate = 1e-6,
    step_size_max: Rate = 50.0,
) -> tuple[Array, Array, Array]:
    # The product of two small gradients is 0 in float32; that of their signs is not.
    agreement = sign(grad) * sign(prev)
    shorter = where(agreement < 0, etaminus * step_size, step_size)
    step_size = where(agreement > 0, etaplus * step_size, shorter)
    step_size = minimum(maximum(step_size, step_size_min), step_size_max)
    grad = where(agreement < 0, 0.0, grad)
    return param - step_size * sign(grad), grad, step_size
