"""Attraction: from which starts a rule ends in which minimum.

Thousands of runs are one run where the rule treats every number by itself: a parameter of shape
(n, 2) is then n points that know nothing of each other. What a rule says about arrays decides it:
a recording of it lists its sums. A sum over one tensor (LARS, Adam-mini) leaves runs apart if each
point is a tensor of its own; a sum over all tensors (Prodigy, DoG) only if each has an optimizer
of its own, which takes hundreds of times as long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from thalweg import optim, rules
from thalweg.engines.cpu import record_rule
from thalweg.schedules import Schedule
from thalweg.tasks.surface import Surface
from thalweg.terrain.feature import landmarks
from thalweg.terrain.ground import Domain, domain_of, function_of

Together = Literal["points", "tensors", "optimizers"]
SIZE: dict[Together, int] = {"points": 64, "tensors": 64, "optimizers": 12}
"""Starts along each side, unless said otherwise."""
MOST = 100_000_000
"""Numbers that the paths of one run may hold: starts times steps times two."""


@dataclass(frozen=True, eq=False)
class Attraction:
    """Where runs from each start end.

    Attributes:
        rule: its name.
        x: starts' first coordinates, shape (columns,).
        y: starts' second coordinates, shape (rows,).
        index: which of `minima` the run from there ends in, shape (rows, columns); -1 for none.
        steps: after how many steps it is there to stay; -1 for never.
        minima: the points (x, y) that runs may end in.
        share: of all starts, how many end in each minimum.
        lost: of all starts, how many end in none: on the way, going round, or diverged.
        diverged: of all starts, how many left all finite ground or the window by ten times its
            size.
        near: how near counts as there.
        together: whether the runs were "points" of one tensor, "tensors" of one optimizer, or had
            "optimizers" of their own.
    """

    rule: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    index: NDArray[np.int64]
    steps: NDArray[np.int64]
    minima: tuple[tuple[float, float], ...]
    share: tuple[float, ...]
    lost: float
    diverged: float
    near: float
    together: Together

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, as JSON has them."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Attraction:
        """Make one of what `to_dict` gave."""
        arrays = {name: np.array(plain[name]) for name in ("x", "y", "index", "steps")}
        minima = tuple((x, y) for x, y in plain["minima"])
        return cls(**{**plain, **arrays, "minima": minima, "share": tuple(plain["share"])})


def attraction(
    surface: Surface | Callable[[Tensor, Tensor], Tensor],
    rule: str,
    *,
    hypers: Mapping[str, Any] | None = None,
    steps: int = 300,
    size: int | tuple[int, int] | None = None,
    domain: Domain | None = None,
    minima: Sequence[tuple[float, float]] | None = None,
    near: float | None = None,
) -> Attraction:
    """Run a rule from a grid of starts at once.

    Args:
        surface: one of `thalweg.tasks.surfaces()`, or a function of x and y.
        rule: its name.
        hypers: the rule's hyper-parameters; each number may be a schedule.
        steps: of each run.
        size: starts along each side, or (columns, rows); by default 64, and 12 for rules that need
            an optimizer for each.
        domain: where the starts lie; a surface has its own.
        minima: where runs may end; by default those that the surface is known to have, and for a
            function those that `landmarks` finds.
        near: how near a run must come and stay; by default a fiftieth of the window, and never
            more than a third of the way between two minima.

    Returns:
        For each start, where it ends.

    Raises:
        ValueError: no such rule, a number outside its range, or more than fits into memory.

    Example:
        >>> from thalweg.tasks import surface
        >>> found = attraction(surface("saddle"), "sgd", hypers={"lr": 0.1}, size=8)
        >>> found.share, found.index[0].tolist()
        ((0.5, 0.5), [0, 0, 0, 0, 1, 1, 1, 1])
    """
    window, given = domain_of(surface, domain), dict(hypers or {})
    how = together(rule, given)
    columns, rows = _size(SIZE[how] if size is None else size, steps)
    x, y = (
        torch.linspace(*span, count, dtype=torch.float64)
        for span, count in zip(window, (columns, rows), strict=True)
    )
    starts = torch.stack([one.ravel() for one in torch.meshgrid(x, y, indexing="xy")], dim=1)
    ends = _minima(surface, window) if minima is None else [(float(a), float(b)) for a, b in minima]
    near = _near(ends, window) if near is None else near
    paths = _RUNS[how](function_of(surface), rule, given, starts, steps)
    index, since = _arrivals(paths, torch.tensor(ends, dtype=torch.float64).reshape(-1, 2), near)
    counts = torch.bincount(index[index >= 0], minlength=len(ends)).double() / len(starts)
    return Attraction(
        rule=rule,
        x=x.numpy(),
        y=y.numpy(),
        index=index.reshape(rows, columns).numpy(),
        steps=since.reshape(rows, columns).numpy(),
        minima=tuple(ends),
        share=tuple(counts.tolist()),
        lost=float((index < 0).double().mean()),
        diverged=float(_gone(paths[-1], window).double().mean()),
        near=near,
        together=how,
    )


def together(rule: str, hypers: Mapping[str, Any] | None = None) -> Together:
    """How runs of a rule can be done at once, by what it says about arrays.

    Args:
        rule: its name.
        hypers: its hyper-parameters; some rules sum only under some of them.

    Returns:
        "points" of one tensor, "tensors" of one optimizer, or "optimizers" of their own.

    Raises:
        ValueError: no such rule.

    Example:
        >>> [together(rule) for rule in ("adam", "lars", "prodigy")]
        ['points', 'tensors', 'optimizers']
    """
    found = rules.find(rule)
    asked = {name: value for name, value in (hypers or {}).items() if name in found.hypers}
    values = {**found.defaults, **asked}
    values = {n: v.at(0, 1) if isinstance(v, Schedule) else v for n, v in values.items()}
    present = [True, True, *(slot.exists(values, 1) for slot in found.slots)]
    sums = record_rule(found, present, values).sums
    if any(one.of_all for one in sums) or (hypers or {}).get("clip_norm") is not None:
        return "optimizers"
    if sums or (hypers or {}).get("clip_tensor_norm") is not None:
        return "tensors"
    return "points" if all(slot.fits(2) and slot.fits(1) for slot in found.slots) else "tensors"


Function = Callable[[Tensor, Tensor], Tensor]


def _as_points(
    f: Function, rule: str, hypers: Mapping[str, Any], starts: Tensor, steps: int
) -> Tensor:
    points = starts.clone().requires_grad_()
    optimizer = optim.build(rule, [points], **hypers)
    paths = starts.new_empty(steps + 1, *starts.shape)
    paths[0] = starts
    for step in range(steps):
        points.grad = _slopes(f, points)
        optimizer.step()
        paths[step + 1] = points.detach()
    return paths


def _as_tensors(
    f: Function, rule: str, hypers: Mapping[str, Any], starts: Tensor, steps: int
) -> Tensor:
    # Rows of one table, so that one call finds all slopes and one copy all places.
    table, slopes = starts.clone(), torch.empty_like(starts)
    points = [row.requires_grad_() for row in table.unbind()]
    for point, slope in zip(points, slopes.unbind(), strict=True):
        point.grad = slope
    optimizer = optim.build(rule, points, **hypers)
    paths = starts.new_empty(steps + 1, *starts.shape)
    paths[0] = starts
    for step in range(steps):
        slopes.copy_(_slopes(f, table))
        optimizer.step()
        paths[step + 1] = table
    return paths


def _as_optimizers(
    f: Function, rule: str, hypers: Mapping[str, Any], starts: Tensor, steps: int
) -> Tensor:
    table, slopes = starts.clone(), torch.empty_like(starts)
    points = [row.requires_grad_() for row in table.unbind()]
    for point, slope in zip(points, slopes.unbind(), strict=True):
        point.grad = slope
    optimizers = [optim.build(rule, [point], **hypers) for point in points]
    paths = starts.new_empty(steps + 1, *starts.shape)
    paths[0] = starts
    for step in range(steps):
        slopes.copy_(_slopes(f, table))
        for optimizer in optimizers:
            optimizer.step()
        paths[step + 1] = table
    return paths


_RUNS = {"points": _as_points, "tensors": _as_tensors, "optimizers": _as_optimizers}


def _slopes(f: Function, points: Tensor) -> Tensor:
    """The gradient of each height, (n, 2)."""
    leaf = points.detach().requires_grad_()
    return torch.autograd.grad(f(*leaf.unbind(1)).sum(), leaf)[0]


def _arrivals(paths: Tensor, minima: Tensor, near: float) -> tuple[Tensor, Tensor]:
    """In which minimum each run ends, and after which step it stays near it; -1 for none."""
    runs = paths.shape[1]
    nowhere = torch.full((runs,), -1)
    if not len(minima):
        return nowhere, nowhere.clone()
    exact = "donot_use_mm_for_euclid_dist"
    apart = torch.cdist(paths[-1].nan_to_num(nan=torch.inf), minima, compute_mode=exact)
    distance, index = apart.nan_to_num(nan=torch.inf).min(dim=1)
    index = torch.where(distance <= near, index, -1)
    away = (paths - minima[index]).norm(dim=2)
    far = ~(away <= near)
    numbers = torch.arange(len(paths)).unsqueeze(1)
    since = torch.where(far, numbers + 1, 0).amax(0)
    return index, torch.where(index >= 0, since, -1)


def _gone(last: Tensor, window: Domain) -> Tensor:
    """Whether a run is nowhere, or ten windows away."""
    low, high = torch.tensor(window, dtype=torch.float64).unbind(1)
    away = (last - (low + high) / 2).abs() / (high - low)
    return ~(away <= 10).all(1)


def _minima(
    surface: Surface | Callable[[Tensor, Tensor], Tensor], window: Domain
) -> list[tuple[float, float]]:
    if isinstance(surface, Surface):
        return [(one.x, one.y) for one in surface.minima]
    found = landmarks(surface, window)
    return [(one.x, one.y) for one in found if one.kind == "minimum" and not one.edge]


def _near(minima: Sequence[tuple[float, float]], window: Domain) -> float:
    width = min(high - low for low, high in window) / 50
    pairs = [math.dist(a, b) for i, a in enumerate(minima) for b in minima[:i]]
    return min([width, *(apart / 3 for apart in pairs)])


def _size(size: int | tuple[int, int], steps: int) -> tuple[int, int]:
    columns, rows = (size, size) if isinstance(size, int) else size
    if min(columns, rows) < 2 or steps < 1:
        raise ValueError(
            f"attraction: size={size!r} and steps={steps!r}; at least 2 starts along each side "
            "and 1 step are needed"
        )
    if 2 * columns * rows * steps > MOST:
        raise ValueError(
            f"attraction: {columns} × {rows} starts of {steps} steps are more than "
            f"{MOST // 2:,} points; ask for fewer starts or steps"
        )
    return columns, rows
