"""Polish: from a cell of a grid to the point itself, and what kind of point it is.

A surface is a function: Newton's method goes down to the minimum, or across to the pass, to the
last digits. A network's slice is only its grid: a parabola through the nine cells says where
between them the ground is level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from thalweg.terrain.ground import Domain, Ground

Function = Callable[[Tensor, Tensor], Tensor]
Kind = Literal["minimum", "saddle", "maximum", "flat"]
ROUNDS = 100
LONG = 300
"""Steps down, or more if they are short: one and a half windows in all. Rosenbrock's bent valley,
measured, takes 257 where each is at most half a hundredth of the window."""
HALVINGS = 24
FAR = 2000
"""Moves on each lattice of the search without slopes: along a fold it goes cell by cell."""
FLAT = 1e-9
"""A curvature this many times smaller than the other counts as none."""
FINEST = 2.0**-34
"""Where the search without slopes stops; the places of cusps are multiples of it."""


def derivatives(f: Function, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Height (n,), gradient (n, 2) and Hessian (n, 2, 2) at points (n, 2), by autograd.

    Example:
        >>> from thalweg.tasks import surface
        >>> derivatives(surface("ravine").f, torch.zeros(1, 2, dtype=torch.float64))[2].det()
        tensor([100.0000], dtype=torch.float64)
    """
    with torch.enable_grad():
        points = points.detach().clone().requires_grad_()
        height = f(*points.unbind(1))
        (gradient,) = torch.autograd.grad(height.sum(), points, create_graph=True)
        rows: list[Tensor] = []
        for axis in range(2):
            # A plane, or a coordinate that the height does not depend on, has no second slope.
            if gradient.requires_grad:
                (row,) = torch.autograd.grad(
                    gradient[:, axis].sum(), points, retain_graph=True, materialize_grads=True
                )
            else:
                row = torch.zeros_like(points)
            rows.append(row)
    return height.detach(), gradient.detach(), torch.stack(rows, dim=1).detach()


def kinds_of(hessian: Tensor) -> list[Kind]:
    """What level ground of these Hessians (n, 2, 2) is, by the signs of their eigenvalues.

    Example:
        >>> kinds_of(torch.tensor([[[2.0, 0.0], [0.0, -1.0]], [[2.0, 0.0], [0.0, 0.0]]]))
        ['saddle', 'flat']
    """
    if not len(hessian):
        return []
    low, high = torch.linalg.eigvalsh(hessian.double().nan_to_num()).unbind(1)
    least = FLAT * torch.maximum(low.abs(), high.abs())
    found: list[Kind] = []
    for one, other, tiny in zip(low.tolist(), high.tolist(), least.tolist(), strict=True):
        if one > tiny:
            found.append("minimum")
        elif other < -tiny:
            found.append("maximum")
        else:
            found.append("saddle" if one < -tiny and other > tiny else "flat")
    return found


def descend(f: Function, points: Tensor, reach: float, window: Domain | None = None) -> Tensor:
    """Go down from each point to the minimum of its valley.

    Newton's method with every curvature taken as positive and a step that is halved until it goes
    down, so that it can't stop at a pass; then, where the ground has a cusp or an edge and no
    slope will do, a search on finer and finer lattices.

    Args:
        f: the height.
        points: shape (n, 2), float64.
        reach: the longest step; about two cells of the grid that the points come from.
        window: what leaves it is not followed further.

    Returns:
        The minima, in the same order, shape (n, 2).
    """
    points = points.detach().double().clone()
    if not len(points):
        return points
    _go_down(f, points, torch.arange(len(points)), reach, window)
    _, gradient, hessian = derivatives(f, points)
    values, vectors = torch.linalg.eigh(hessian.nan_to_num())
    level, round_ = _level(f, points), values[:, 0] > 0
    passes = (level & ~round_).nonzero().flatten()
    if len(passes):
        # On a pass the slope says nothing, and the way down is where the ground bends down.
        points[passes] += 1e-2 * reach * vectors[passes, :, 0]
        _go_down(f, points, passes, reach, window)
        _, gradient, hessian = derivatives(f, points)
        # Beside a fold the curvature is huge and points down: the step is short, and no bottom.
        round_ = torch.linalg.eigvalsh(hessian.nan_to_num())[:, 0] > 0
        level = _level(f, points)
    level &= round_
    points[level] -= _solve(hessian[level], gradient[level])  # the last digits
    rough = ~level & _within(points, window)
    if rough.any():
        found = _search(f, points[rough], reach)
        lower = f(*found.unbind(1)).detach() < f(*points[rough].unbind(1)).detach()
        points[rough] = torch.where(lower.unsqueeze(1), found, points[rough])
    return points


def cross(f: Function, points: Tensor, reach: float) -> tuple[Tensor, list[Kind | None]]:
    """Go from each point to level ground near it, up or down: the pass, where it began near one.

    Args:
        f: the height.
        points: shape (n, 2), float64.
        reach: how far the level ground may lie.

    Returns:
        The points, in the same order, and what each is; a point near which no level ground was
        found stays where it was and is None.
    """
    start = points.detach().double()
    points = start.clone()
    if not len(points):
        return points, []
    for _ in range(ROUNDS):
        _, gradient, hessian = derivatives(f, points)
        points = points - _capped(_solve(hessian, gradient), reach / 2)
    _, _, hessian = derivatives(f, points)
    near = (points - start).norm(dim=1) <= reach
    found = near & _level(f, points)
    known = kinds_of(hessian)
    kinds: list[Kind | None] = [
        kind if there else None for kind, there in zip(known, found.tolist(), strict=True)
    ]
    return torch.where(found.unsqueeze(1), points, start), kinds


@dataclass(frozen=True)
class Fit:
    """A parabola through nine cells, and where it is level.

    Attributes:
        x: first coordinate of the level point.
        y: second coordinate.
        height: there.
        kind: what the level point is.
        hessian: the second derivatives, ((xx, xy), (xy, yy)).
    """

    x: float
    y: float
    height: float
    kind: Kind
    hessian: tuple[tuple[float, float], tuple[float, float]]


def fit(ground: Ground, cell: tuple[int, int]) -> Fit | None:
    """Least squares of a parabola to a cell and its eight neighbours.

    Args:
        ground: the heights.
        cell: (row, column).

    Returns:
        The level point, or None: at the border, beside a hole, on a plane, or where the parabola
        is level more than a cell away, so that the nine know nothing of it.

    Example:
        >>> y, x = np.mgrid[0:3, 0:3]
        >>> found = fit(Ground(x[0], y[:, 0], (x - 1.2) ** 2 + 3 * (y - 0.9) ** 2), (1, 1))
        >>> round(found.x, 9), round(found.y, 9), found.kind
        (1.2, 0.9, 'minimum')
    """
    row, column = cell
    rows, columns = ground.height.shape
    if not (0 < row < rows - 1 and 0 < column < columns - 1):
        return None
    nine = (slice(row - 1, row + 2), slice(column - 1, column + 2))
    height = ground.height[nine].ravel()
    if np.isnan(height).any():
        return None
    x, y = ground.x[nine[1]], ground.y[nine[0]]
    # In units of cells, so that the equations are well-scaled whatever the plane's are.
    wide, tall = (x[2] - x[0]) / 2, (y[2] - y[0]) / 2
    u, v = (one.ravel() for one in np.meshgrid((x - x[1]) / wide, (y - y[1]) / tall))
    terms = np.stack([np.ones(9), u, v, u * u / 2, u * v, v * v / 2], axis=1)
    level, slope_u, slope_v, uu, uv, vv = np.linalg.lstsq(terms, height, rcond=None)[0].tolist()
    bend = uu * vv - uv * uv
    if abs(bend) <= FLAT * max(abs(uu), abs(vv), abs(uv)) ** 2:
        return None
    du = (uv * slope_v - vv * slope_u) / bend
    dv = (uv * slope_u - uu * slope_v) / bend
    if max(abs(du), abs(dv)) > 1:
        return None
    hessian = ((uu / wide**2, uv / (wide * tall)), (uv / (wide * tall), vv / tall**2))
    return Fit(
        x=float(x[1] + wide * du),
        y=float(y[1] + tall * dv),
        height=level + (slope_u * du + slope_v * dv) / 2,
        kind=kinds_of(torch.tensor([[[uu, uv], [uv, vv]]], dtype=torch.float64))[0],
        hessian=hessian,
    )


def _go_down(
    f: Function, points: Tensor, on_way: Tensor, reach: float, window: Domain | None
) -> None:
    """Steps down from those points whose numbers are given, written into `points`."""
    width = max(high - low for low, high in window) if window else 0.0
    for _ in range(max(LONG, int(1.5 * width / reach))):
        before = points[on_way]
        points[on_way] = _down(f, before, reach)
        # Rounding can lead it round and round among the last digits.
        moves = (points[on_way] - before).abs().amax(1) > 1e-14 * (1 + before.abs().amax(1))
        on_way = on_way[moves & _within(points[on_way], window)]
        if not len(on_way):
            return


def _down(f: Function, points: Tensor, reach: float) -> Tensor:
    """One step down from each point; those that find no lower ground stay."""
    height, gradient, hessian = derivatives(f, points)
    values, vectors = torch.linalg.eigh(hessian.nan_to_num())
    # No curvature so small that the step is all reach, unless the ground is a plane.
    values = values.abs().clamp(min=1e-12)
    along = (vectors.mT @ gradient.nan_to_num().unsqueeze(2)).squeeze(2)
    step = _capped((vectors @ (along / values).unsqueeze(2)).squeeze(2), reach)
    best, lowest = points.clone(), height.clone()
    waiting = torch.ones(len(points), dtype=torch.bool)
    for halving in range(HALVINGS):
        tried = points - step * 0.5**halving
        there = f(*tried.unbind(1)).detach()
        lower = waiting & (there < lowest)
        best[lower], lowest[lower] = tried[lower], there[lower]
        waiting &= ~lower
        if not waiting.any():
            break
    # Near the bottom the height has no digits left that say which way is down, and the slope has.
    close = waiting & (step.norm(dim=1) < 1e-6 * reach)
    if not close.any():
        return best
    tried = points - step
    _, after, _ = derivatives(f, tried)
    better = close & (after.norm(dim=1) < gradient.norm(dim=1))
    return torch.where(better.unsqueeze(1), tried, best)


def _level(f: Function, points: Tensor) -> Tensor:
    """Whether the ground is level there, but for rounding: Newton's method would stay."""
    _, gradient, hessian = derivatives(f, points)
    step = _solve(hessian, gradient)
    bound = 1e-7 * (1 + points.abs().amax(1))
    return step.isfinite().all(1) & (step.norm(dim=1) < bound)


def _within(points: Tensor, window: Domain | None) -> Tensor:
    if window is None:
        return torch.ones(len(points), dtype=torch.bool)
    low, high = torch.tensor(window, dtype=torch.float64).unbind(1)
    return ((points >= low) & (points <= high)).all(1)


def _solve(hessian: Tensor, gradient: Tensor) -> Tensor:
    step, info = torch.linalg.solve_ex(hessian.nan_to_num(), gradient.nan_to_num())
    return torch.where((info == 0).unsqueeze(1), step, gradient.nan_to_num())


def _capped(step: Tensor, most: float) -> Tensor:
    length = step.norm(dim=1, keepdim=True)
    return step * (most / length.clamp(min=most))


def _search(f: Function, points: Tensor, reach: float) -> Tensor:
    """Down without slopes: the lowest of 25 lattice points, again and again, then a finer lattice.

    The lattice's points are multiples of a power of two, so that sums of coordinates are exact.
    Where the ground folds as √|x - y| does, a rounding error of 1e-14 beside the fold is as high
    as 1e-7, and no place could be told better than that.
    """
    size = 2.0 ** np.floor(np.log2(reach / 8))
    points = (points / size).round() * size
    around = torch.cartesian_prod(*[torch.arange(-2.0, 3.0, dtype=torch.float64)] * 2)
    order = around.abs().sum(1).argsort(stable=True)  # the middle first: ties stay where they are
    around = around[order]
    while size >= FINEST:
        on_way = torch.arange(len(points))
        for _ in range(FAR):
            tried = points[on_way].unsqueeze(1) + size * around
            lowest = f(*tried.unbind(2)).detach().nan_to_num(nan=np.inf).min(dim=1).indices
            points[on_way] += size * around[lowest]
            on_way = on_way[lowest > 0]
            if not len(on_way):
                break
        size /= 2
    return points
