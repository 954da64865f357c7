"""Lookahead: k steps forward, then a part of the way back.

    θ ← rule(θ, g)                           k times, the fast weights    (la_steps = k)
    s ← s + α (θ − s)    θ ← s               every kth step               (slow = s, la_alpha = α)

The slow weights start where the fast ones do, before the first step. The rule's own states, such
as a velocity, go on as if nothing had happened: the authors' pullback_momentum="none".
"""

from typing import Annotated, Any

from thalweg.rules.kinds import Array, Between, CopyOfParam, Fraction, Source
from thalweg.rules.modifiers.modifier import Inner, modifier
from thalweg.rules.rule import Demand
from thalweg.rules.words import ema, maximum

source = Source(
    "Zhang, Lucas, Hinton & Ba",
    2019,
    "Lookahead Optimizer: k steps forward, 1 step back",
    arxiv="1907.08610",
    where="Algorithm 1",
)
demands = (
    Demand(lambda h: h["la_steps"] % 1 == 0, "la_steps counts steps; a whole number such as 5"),
)
Every = Annotated[float, Between(1, float("inf"), "log", open_above=True, usual=5)]


@modifier(moves=True)
def lookahead(
    rule: Inner,
    param: Array,
    grad: Array,
    slow: CopyOfParam,
    *,
    step: int,
    la_steps: Every = 5,
    la_alpha: Fraction = 0.5,
) -> tuple[Array, Array]:
    param = rule(param, grad)
    # 1 at every kth step and 0 between: a number, not a branch, so that it stays one kernel.
    left: Any = step % la_steps
    sync = maximum(0.0, 1.0 - left)
    slow = ema(slow, param, 1 - la_alpha * sync)
    return ema(param, slow, 1 - sync), slow
