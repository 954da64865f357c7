"""Overshoot: the learning rate at which a step from here would be thrown further up each time.

On a valley of curvature λ, gradient descent with a learning rate above 2/λ lands higher on the
opposite wall than it stood. Each rule has such an edge, `thalweg.probe.edge`; here its curvature
is that of the surface at a point, for Adam and its like seen through what they divide by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from thalweg import optim
from thalweg.optim.group import flat
from thalweg.probe.edge import KNOWN, edge, scale
from thalweg.tasks.surface import Surface
from thalweg.terrain.ground import function_of
from thalweg.terrain.polish import Function, derivatives


@dataclass(frozen=True)
class Overshoot:
    """Where the red zone of the learning rate begins at a point.

    Attributes:
        curvature: the largest eigenvalue of the Hessian there, for rules that divide the gradient
            seen through what they divide by; NaN where the surface has none.
        edge: the largest stable learning rate; None if there is no red zone.
        why: why there is none; None if there is one.
    """

    curvature: float
    edge: float | None
    why: str | None


def overshoot(
    surface: Surface | Callable[[Tensor, Tensor], Tensor],
    rule: str,
    point: tuple[float, float],
    hypers: Mapping[str, Any] | None = None,
    divisor: Sequence[float] | None = None,
) -> Overshoot:
    """The largest learning rate that is stable at a point.

    Args:
        surface: one of `thalweg.tasks.surfaces()`, or a function of x and y.
        rule: its name.
        point: (x, y).
        hypers: the rule's hyper-parameters; schedules count as at their first step.
        divisor: what the rule divides each coordinate's slope by, `Track.divisor` of that step;
            by default what the rule itself comes to in its first step from here.

    Returns:
        The edge, or why there is none.

    Raises:
        ValueError: no such rule, or a hyper-parameter outside its range.

    Example:
        >>> from thalweg.tasks import surface
        >>> overshoot(surface("ravine"), "sgd", (0.0, 0.0), {"momentum": 0.9}).edge
        0.038
    """
    f = function_of(surface)
    at = torch.tensor([point], dtype=torch.float64)
    given, first = _first_step(f, rule, at[0], hypers or {})
    through = first if divisor is None else torch.tensor(divisor, dtype=torch.float64)
    curvatures, edges = edges_along(f, rule, at, [given], [through])
    return Overshoot(curvatures[0], edges[0], why_none(rule, curvatures[0], edges[0]))


def why_none(rule: str, curvature: float, found: float | None) -> str | None:
    """Why there is no red zone, in a sentence without a full stop; None if there is one."""
    if found is not None:
        return None
    if rule not in KNOWN:
        known = ", ".join(sorted(KNOWN))
        return f"no edge is known for {rule}; there is one for {known}"
    if not curvature > 0:
        return "the ground does not curve upwards here, so no step is too long by this measure"
    return f"{rule} has no edge with these hyper-parameters"


def edges_along(
    f: Function,
    rule: str,
    points: Tensor,
    hypers: Sequence[Mapping[str, Any]],
    divisors: Sequence[Tensor | None],
) -> tuple[list[float], list[float | None]]:
    """Curvature and edge at each of some points.

    Args:
        f: the height.
        rule: its name.
        points: shape (n, 2).
        hypers: of the rule at each point, as numbers.
        divisors: shape (2,) each, or None where the rule has none.

    Returns:
        Two lists, one number for each point.
    """
    if not len(points):
        return [], []
    _, _, hessian = derivatives(f, points)
    if any(one is not None for one in divisors):
        ones = torch.ones(2, dtype=torch.float64)
        root = torch.stack([ones if one is None else one for one in divisors]).sqrt()
        hessian = hessian / (root.unsqueeze(2) * root.unsqueeze(1))
    known = hessian.isfinite().all(2).all(1)
    top = torch.linalg.eigvalsh(torch.where(known[:, None, None], hessian, 0))[:, -1]
    curvatures: list[float] = torch.where(known, top, torch.nan).tolist()
    pairs = zip(curvatures, hypers, strict=True)
    return curvatures, [edge(rule, given, curvature) for curvature, given in pairs]


def _first_step(
    f: Function, rule: str, point: Tensor, hypers: Mapping[str, Any]
) -> tuple[dict[str, Any], Tensor | None]:
    """The rule's hyper-parameters, and what it divides by, after its own first step from here."""
    tried = point.clone().requires_grad_()
    optimizer = optim.build(rule, [tried], **hypers)
    f(*tried.unbind()).backward()
    optimizer.step()
    given = flat(optimizer.rule, optimizer.param_groups[0])
    return given, scale(rule, given, optimizer.state[tried], 1)
