"""Averaged: the rule's own steps, and beside them a running average of the weights.

    θ ← rule(θ, g)
    a ← d a + (1 − d) θ                      it starts as a copy          (average = a, decay = d)

The steps are those of the rule, to the last bit. The average is what to evaluate; it remembers
about 1 / (1 − d) steps.
"""

from thalweg.rules.kinds import Array, CopyOfParam, Fraction, Source
from thalweg.rules.modifiers.modifier import Inner, modifier
from thalweg.rules.words import ema

source = Source(
    "Polyak & Juditsky",
    1992,
    "Acceleration of Stochastic Approximation by Averaging",
    venue="SIAM Journal on Control and Optimization 30(4)",
)


@modifier(evaluates="average")
def averaged(
    rule: Inner, param: Array, grad: Array, average: CopyOfParam, *, decay: Fraction = 0.999
) -> tuple[Array, Array]:
    param = rule(param, grad)
    return param, ema(average, param, decay)
