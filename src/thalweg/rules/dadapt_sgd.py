"""DAdaptSGD: SGD that finds its learning rate from a lower bound on the way to the minimum.

    g ← g + λ θ                              coupled weight decay         (weight_decay)
    γ = d η / ‖g₁‖                           the first gradient's norm    (g0_norm)
    n ← n + γ ⟨g, s⟩    s ← s + γ g          s: the way gone from θ₀      (numerator_weighted, s)
    d ← max(d, min(2 n / ‖s‖, d κ))          the estimate never falls     (d, growth_rate = κ)
    z = θ₀ − s                                                            (x0 = θ₀)
    θ ← μ θ + (1 − μ) z                      θ follows z, as momentum has it

⟨·,·⟩ and the norms go over all tensors together. d starts at d₀, and never exceeds 2 ‖θ₀ − θ*‖ in
a convex problem without momentum. η is 1 and better stays so, but for a schedule.
"""

from math import inf
from typing import Annotated, Any

from thalweg.rules.decay import decay
from thalweg.rules.kinds import (
    Array,
    Between,
    CopyOfParam,
    Fraction,
    Rate,
    Source,
    Strength,
    Zeros,
    number,
    preset,
)
from thalweg.rules.rule import Demand
from thalweg.rules.words import ema, minimum, sqrt, total, where

source = Source(
    "Defazio & Mishchenko",
    2023,
    "Learning-Rate-Free Learning by D-Adaptation",
    arxiv="2301.07733",
    where="as in version 3 of the authors' program",
)
presets = {
    "authors": preset(
        "dadaptation.DAdaptSGD 3.2",
        lr=1.0,
        momentum=0.0,
        weight_decay=0.0,
        d0=1e-6,
        growth_rate=None,
    )
}
Estimate = Annotated[float, Between(0, inf, "log", open_above=True, usual=1e-6)]
Growth = Annotated[float | None, Between(1, inf, "log", usual=1.02)]
demands = (Demand(lambda h: h["d0"] > 0, "d0=0 would never grow; d0=1e-6 is usual"),)


def grown(d: Any, found: Any, growth_rate: float | None) -> Any:
    """The larger of an estimate and what was found now, if it does not grow too fast."""
    if growth_rate is not None:
        found = minimum(found, d * growth_rate)
    return where(found > d, found, d)  # not `maximum`: NaN is no estimate


def dadapt_sgd(
    param: Array,
    grad: Array,
    s: Zeros,
    x0: CopyOfParam,
    *,
    step: int,
    lr: Rate = 1.0,
    momentum: Fraction = 0.0,
    weight_decay: Strength = 0.0,
    d0: Estimate = 1e-6,
    growth_rate: Growth = None,
    d: Annotated[float, number("d0")] = 1e-6,
    numerator_weighted: Annotated[float, number(0.0)] = 0.0,
    g0_norm: Annotated[float, number(0.0)] = 0.0,
) -> tuple[Array, Array, Array, float, float, float]:
    # Before decay, as in the authors' program; of the first gradient that is not zero. The sum is
    # asked for at every step, so that all tensors ask for the same ones.
    length = sqrt(total(grad * grad))
    g0_norm = g0_norm if g0_norm > 0 else length
    _, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    scaled = d * lr / where(g0_norm > 0, g0_norm, inf) * grad
    numerator_weighted = numerator_weighted + total(scaled * s)
    s = s + scaled
    way = sqrt(total(s * s))
    d = grown(d, 2 * numerator_weighted / where(way > 0, way, inf), growth_rate)
    return ema(param, x0 - s, momentum), s, x0, d, numerator_weighted, g0_norm
