"""Many points at once or one by one: each is tried on a few points, and the fastest is taken."""

from __future__ import annotations

import warnings
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

PLAINLY = 2.0
"""How many times faster than the plain loop many at once must be, so that nothing else is tried."""

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
    plain(few[:1])
    expected, usual = _timed(plain, few)
    fastest: Method = plain
    said, least = "", usual
    for chunk in (None, 1):
        try:
            found, seconds = _try(probe, plane, chunk, few, expected)
        except (RuntimeError, ValueError, TypeError, UserWarning) as error:
            # vmap says no in several ways: data-dependent control flow, in-place writes, .item().
            said = said or f"vmap can't follow this model ({_first_line(error)})"
            continue
        if seconds < least:
            fastest, least = found, seconds
        if seconds * PLAINLY < usual:
            break
    if fastest is plain:
        return plain, said or "many at once is slower for this model"
    return fastest, ""


def _try(
    probe: Probe, plane: Plane, chunk: int | None, few: Tensor, expected: Tensor
) -> tuple[Batched, float]:
    """A way, and its seconds for one point.

    Raises:
        RuntimeError: what it finds is not what is expected.
    """
    with warnings.catch_warnings():
        # Where vmap lacks an operation it takes the points apart again, and warns.
        warnings.filterwarnings("error", message="There is a performance drop")
        made = Batched(probe, plane, chunk)
        apart = _apart(made(few), expected)
    if apart > TOLERANCE:
        raise RuntimeError(f"losses differ by {apart:.1g}")
    return made, _timed(made, _points(plane, max(2, made.chunk)))[1]


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


def _timed(method: Method, points: Tensor) -> tuple[Tensor, float]:
    """The losses, and the seconds for each point."""
    begin = perf_counter()
    found = method(points)
    return found, (perf_counter() - begin) / len(points)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]
