"""Curvature: the steepest wall, the way down if there is one, and whether anything is lower near.

On one fixed sample, dropout off, batch normalisation by the sample's own statistics. For rules that
divide by a scale of each coordinate, the curvature that limits their step is that of P^-½ H P^-½.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from thalweg.probe.direction import filter_normalised, random
from thalweg.probe.edge import SCALED, edge
from thalweg.probe.probe import GROUPS, Probe
from thalweg.probe.spectrum import Spectrum, spectrum

TOLERANCE = 0.05
LINES = 3
MULTIPLES = (0.1, 0.5, 2.0, 10.0, 50.0, 250.0, 1000.0)
SHARES = (0.003, 0.01, 0.03, 0.1, 0.3)
SIGNIFICANT = 2.5


@dataclass(frozen=True)
class Curvature:
    """What a probe knows of the ground around some weights.

    Attributes:
        top: the largest curvature, seen through the rule's scale where it has one.
        plain_top: the largest curvature of the plain Hessian.
        bottom: the smallest, of the plain Hessian.
        falls_both_ways: the loss falls significantly both ways along the lowest curvature.
        products: products with the Hessian that it took.
    """

    top: float
    plain_top: float
    bottom: float
    falls_both_ways: bool
    products: int


def measure(probe: Probe, at: Tensor, scale: Tensor | None = None) -> Curvature:
    """The ends of the spectrum, and the line through the lowest.

    Args:
        probe: the loss.
        at: the weights, shape (weights,).
        scale: the rule's divisor, shape (weights,); None for rules without one.

    Raises:
        ValueError: the model can't be differentiated twice, or curvature is not finite there.
    """
    plain = spectrum(probe, at, tolerance=TOLERANCE, most=12)
    top, products = float(plain.top[0]), plain.products
    if scale is not None:
        seen = spectrum(probe, at, scale=scale, tolerance=TOLERANCE, most=12)
        top, products = float(seen.top[0]), products + seen.products
    return Curvature(
        top=top,
        plain_top=float(plain.top[0]),
        bottom=float(plain.bottom[0]),
        falls_both_ways=_falls_both_ways(probe, at, plain),
        products=products,
    )


def no_lower(probe: Probe, at: Tensor, update: Tensor, seed: int = 0) -> bool:
    """Whether nothing near is significantly lower.

    Tried are a tenth to a thousand times the update and as long a step down the gradient, and
    three random directions, filter by filter 0.3 % to 30 % as long as the weights, both ways.

    Args:
        probe: the loss.
        at: the weights, shape (weights,).
        update: the optimizer's step, shape (weights,).
        seed: of the random directions.
    """
    here = groups(probe, at)
    return not any(
        change(probe, point, here) < -SIGNIFICANT for point in _near(probe, at, update, seed)
    )


def _near(probe: Probe, at: Tensor, update: Tensor, seed: int) -> Iterator[Tensor]:
    """The points to try, the likeliest first."""
    slope = probe.gradient(at)
    down = -slope * (update.norm() / slope.norm().clamp(min=1e-30))
    for way in (down, update):
        yield from (at + m * way for m in MULTIPLES)
    for number in range(LINES):
        way = filter_normalised(random(probe.weights, seed + number), probe.weights, at)
        yield from (at + sign * share * way for share in SHARES for sign in (1, -1))


def groups(probe: Probe, at: Tensor) -> Tensor:
    """The losses of sixteen groups of the sample, shape (groups,), float64.

    Groups, because what two points differ by is told from noise by pairs: the same samples at both.
    """
    size = max(len(probe.sample) // GROUPS, 1)
    with probe.ready(), torch.no_grad():
        params, held = probe.weights.named(at), probe.buffers(at)
        parts = [
            probe.loss_of(params, held, some).double()
            for some in probe.sample.split(size)
            if len(some) == size
        ]
    return torch.stack(parts).cpu()


def change(probe: Probe, point: Tensor, here: Tensor) -> float:
    """How much higher the loss is at a point than here, in its standard errors."""
    rise = groups(probe, point) - here
    if not bool(torch.isfinite(rise).all()):
        return float("inf")
    mean = float(rise.mean())
    # A change in the last digits is none, however sure it is.
    floor = 1e-7 * float(here.abs().mean())
    error = float(rise.std()) / len(rise) ** 0.5 if len(rise) > 1 else 0.0
    return mean / max(error, floor, 1e-30)


def _falls_both_ways(probe: Probe, at: Tensor, found: Spectrum) -> bool:
    if not float(found.bottom[0]) < 0:
        return False
    here = groups(probe, at)
    size = float(at.norm()) or 1.0
    for share in SHARES:
        ways = [at + sign * share * size * found.below[0] for sign in (1, -1)]
        if all(change(probe, way, here) < -SIGNIFICANT for way in ways):
            return True
    return False


def edge_of(
    rule: str, hypers: Mapping[str, Any], found: Curvature, scale: Tensor | None
) -> float | None:
    """The rule's largest stable learning rate; None where the rule's edge is not known."""
    if scale is None and rule in SCALED:
        return None  # no step was taken yet, so the rule has no scale
    return edge(rule, hypers, found.top)
