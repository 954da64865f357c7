"""All points at once or one by one: both are tried on a few points, and the faster one is taken."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from time import perf_counter

import torch
from torch import Tensor

from thalweg.probe import Probe
from thalweg.probe.mode import norms
from thalweg.terrain.batched import Batched
from thalweg.terrain.one_by_one import OneByOne
from thalweg.terrain.plane import Plane

TOLERANCE = 1e-4
"""How far the two may be apart, relative to the loss; float32 sums in another order are 1e-7."""

Method = OneByOne | Batched


def choose(probe: Probe, plane: Plane) -> tuple[Method, str]:
    """The faster way, and why not the other one where it could not be taken.

    Args:
        probe: the loss.
        plane: where the points lie.

    Returns:
        The method, and a sentence for the result; empty where the batched way is taken.
    """
    plain = OneByOne(probe, plane)
    if probe.mode == "recalibrated" and norms(probe.model):
        return plain, "averages of batch normalisation are made anew at every point"
    few = _points(plane, 2)
    try:
        with warnings.catch_warnings():
            # Where vmap lacks an operation it takes the points apart again, and warns.
            warnings.filterwarnings("error", message="There is a performance drop")
            batched = Batched(probe, plane)
            apart = _apart(batched(few), plain(few))
    except (RuntimeError, ValueError, TypeError, UserWarning) as error:
        # vmap says no in several ways: data-dependent control flow, in-place writes, .item().
        return plain, f"vmap can't follow this model ({_first_line(error)})"
    if apart > TOLERANCE:
        return plain, f"batched losses differ by {apart:.1g}"
    points = _points(plane, batched.chunk)
    if _seconds(batched, points) > _seconds(plain, points):
        return plain, "batched evaluation is slower for this model"
    return batched, ""


def _points(plane: Plane, count: int) -> Tensor:
    """Points on the diagonal of the window, the centre's corner left out."""
    steps = torch.linspace(-1, 1, count + 2, dtype=torch.float64)[1:-1]
    columns = [m + steps * r for m, r in zip(plane.middle, plane.reach, strict=True)]
    return torch.stack(columns, dim=1)


def _apart(one: Tensor, other: Tensor) -> float:
    if not torch.equal(one.isfinite(), other.isfinite()):
        return float("inf")
    fine = one.isfinite()
    gap = (one - other)[fine].abs() / other[fine].abs().clamp(min=1e-3)
    return float(gap.max()) if fine.any() else 0.0


def _seconds(method: Callable[[Tensor], Tensor], points: Tensor) -> float:
    begin = perf_counter()
    method(points)
    return perf_counter() - begin


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]
