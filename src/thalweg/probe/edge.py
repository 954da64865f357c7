"""How long a step can be before the valley throws it out: the edge of stability of each rule.

On a quadratic with curvature λ along one direction, a step with learning rate η is

    gradient descent          stable while  η < 2 / λ
    heavy ball                              η < (2 + 2β) / λ
    Nesterov                                η < (2 + 2β) / ((1 + 2β) λ)       Cohen et al. (2021)
    averaged gradient (Adam)                η < (2 + 2β) / ((1 − β) λ)        Cohen et al. (2022)

For rules that divide by a scale of each coordinate, λ is the curvature seen through it: the
largest eigenvalue of P^-½ H P^-½, where P = √v̂ + ε is the divisor.

Cohen et al. (2021), "Gradient Descent on Neural Networks Typically Occurs at the Edge of
Stability", appendix B; Cohen et al. (2022), "Adaptive Gradient Methods at the Edge of Stability".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

SCALED = frozenset({"adam", "adamw", "rmsprop", "adagrad"})
"""Rules whose curvature is seen through `scale`."""

KNOWN = frozenset({"sgd", "sgdw", "adam", "adamw", "rmsprop", "adagrad"})
"""Rules whose edge is known."""


def edge(rule: str, hypers: Mapping[str, Any], curvature: float) -> float | None:
    """The largest stable learning rate.

    Args:
        rule: its name.
        hypers: its hyper-parameters, as numbers of this step.
        curvature: the largest eigenvalue of the Hessian; for rules in `SCALED` of the Hessian seen
            through `scale`.

    Returns:
        The learning rate; None where the ground does not curve upwards, or the rule's edge is not
        known.

    Example:
        >>> edge("sgd", {}, 4.0), edge("sgd", {"momentum": 0.9}, 4.0)
        (0.5, 0.95)
        >>> round(edge("adam", {"beta1": 0.9}, 1.0))
        38
    """
    if rule not in KNOWN:
        return None
    if rule == "sgd":  # its decay is part of the gradient, so part of the slope's slope
        curvature = curvature + hypers.get("weight_decay", 0.0)
    if not curvature > 0:
        return None
    averaged = hypers.get("form") == "average"
    beta = hypers.get("beta1", hypers.get("momentum", 0.0))
    if "beta1" in hypers or averaged:
        return (2 + 2 * beta) / ((1 - beta) * curvature)
    if hypers.get("nesterov"):
        return (2 + 2 * beta) / ((1 + 2 * beta) * curvature)
    fresh = 1 - hypers.get("dampening", 0.0) if beta else 1.0
    return (2 + 2 * beta) / (fresh * curvature) if fresh > 0 else None


def scale(
    rule: str, hypers: Mapping[str, Any], state: Mapping[str, Any], step: int
) -> Tensor | None:
    """What a rule divides the gradient by, coordinate by coordinate.

    Args:
        rule: its name.
        hypers: its hyper-parameters, as numbers.
        state: of one parameter, under torch's names.
        step: steps taken so far.

    Returns:
        The divisor, of the parameter's shape; None where the rule has none, or no step was taken.
    """
    eps = hypers.get("eps", 0.0)
    if rule in {"adam", "adamw"} and "exp_avg_sq" in state and step > 0:
        held = state.get("max_exp_avg_sq", state["exp_avg_sq"])
        return (held / (1 - hypers["beta2"] ** step)).sqrt() + eps
    if rule == "rmsprop" and "square_avg" in state and step > 0:
        centre = state["grad_avg"].square() if "grad_avg" in state else 0
        return (state["square_avg"] - centre).clamp(min=0).sqrt() + eps
    if rule == "adagrad" and "sum" in state and step > 0:
        return state["sum"].sqrt() + eps
    return None
