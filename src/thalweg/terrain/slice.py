"""A slice: the loss over a window of a plane through weight space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
import torch
from torch import Tensor

from thalweg.probe import Probe, untouched
from thalweg.terrain.batched import Batched
from thalweg.terrain.choose import Method, choose
from thalweg.terrain.ground import Ground
from thalweg.terrain.one_by_one import OneByOne
from thalweg.terrain.plane import Plane
from thalweg.terrain.refine import Level, levels
from thalweg.terrain.tiles import Tiles, digest

TILE, LARGEST = 64, 1024
"""Points between two words to whoever waits, at first and at most; multiples of every chunk."""

SECONDS = 0.1
"""A tile that took less is followed by a larger one: each costs a millisecond of its own."""

Window = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Slice:
    """A slice that was measured.

    Attributes:
        ground: the losses; its noise is the standard error at the centre.
        method: how it was done, in words.
        measured: points that were measured now, and not found on disk.
    """

    ground: Ground
    method: str
    measured: int


@dataclass(frozen=True, eq=False)
class Stage:
    """How far a slice is.

    Attributes:
        done: points measured.
        total: points in all.
        ground: the finest level that is complete; None before the first.
    """

    done: int
    total: int
    ground: Ground | None


def measure(
    probe: Probe,
    plane: Plane,
    *,
    size: int = 51,
    window: Window | None = None,
    folder: Path | None = None,
    on_progress: Callable[[Stage], object] | None = None,
    method: Method | None = None,
) -> Slice:
    """Measure the loss over a window of a plane, coarse to fine.

    Stopped and called again with the same folder, it goes on where it was and ends with the same
    numbers, bit for bit.

    Args:
        probe: the loss; its model is afterwards as it was, also where this ends by an exception.
        plane: the directions.
        size: points along each side; odd sizes have the middle on a point.
        window: ((lowest x, highest x), (lowest y, highest y)); the plane's own if None.
        folder: where tiles are kept; None keeps nothing.
        on_progress: called after each tile.
        method: how to do it; None tries and takes the faster.

    Returns:
        The slice; losses that are not finite are holes.

    Raises:
        ValueError: size or window is out of range, or the folder can't be written.
    """
    grids = list(levels(size))
    x, y = (np.linspace(low, high, size) for low, high in window_of(plane, window))
    cells = np.concatenate([level.cells for level in grids])
    points = torch.from_numpy(np.stack([x[cells[:, 1]], y[cells[:, 0]]], axis=1))

    def tell() -> None:
        if on_progress is not None:
            on_progress(_stage(grids, x, y, tiles, noise))

    with untouched(probe.model):
        noise = probe.noise(plane.centre)
        noise = noise if np.isfinite(noise) else 0.0
        tiles = Tiles(folder, digest(probe, plane, points) if folder else "", len(points))
        work, said = _method(probe, plane, tiles, method)
        before = int(tiles.known.sum())
        try:
            _fill(work, points, tiles, tell)
        finally:
            tiles.save()
    ground = Ground(x, y, _heights(cells, tiles.values, size), noise)
    return Slice(ground, said, len(points) - before)


def window_of(plane: Plane, window: Window | None) -> Window:
    """The window asked for, or the plane's own.

    Raises:
        ValueError: it is empty or endless.
    """
    if window is None:
        (a, b) = zip(plane.middle, plane.reach, strict=True)
        return (a[0] - a[1], a[0] + a[1]), (b[0] - b[1], b[0] + b[1])
    for axis, (low, high) in zip("xy", window, strict=True):
        if not -np.inf < low < high < np.inf:
            raise ValueError(f"window: {axis} from {low} to {high} is empty; (-1, 1) is usual")
    return window


def _method(probe: Probe, plane: Plane, tiles: Tiles, wanted: Method | None) -> tuple[Method, str]:
    """As before if there was a before: another way of summing is another last digit."""
    if wanted is not None:
        return wanted, wanted.method
    if tiles.method:
        made = Batched(probe, plane, tiles.chunk) if tiles.chunk else OneByOne(probe, plane)
        return made, tiles.method
    made, why = choose(probe, plane)
    tiles.method = f"{made.method} ({why})" if why else made.method
    tiles.chunk = made.chunk if isinstance(made, Batched) else 0
    return made, tiles.method


def _fill(work: Method, points: Tensor, tiles: Tiles, tell: Callable[[], object]) -> None:
    first, size = 0, TILE
    while first < len(points):
        places = slice(first, min(first + size, len(points)))
        first = places.stop
        if tiles.known[places].all():
            continue
        begin = monotonic()
        tiles.put(places, work(points[places]))
        tell()
        if monotonic() - begin < SECONDS:
            size = min(2 * size, LARGEST)


def _stage(grids: list[Level], x: np.ndarray, y: np.ndarray, tiles: Tiles, noise: float) -> Stage:
    done = int(tiles.known.sum())
    end, finest = 0, None
    for level in grids:
        end += len(level.cells)
        if not tiles.known[:end].all():
            break
        finest = (level, end)
    if finest is None:
        return Stage(done, len(tiles.known), None)
    level, end = finest
    cells = np.concatenate([one.cells for one in grids])[:end]
    height = _heights(cells, tiles.values[:end], len(x))[np.ix_(level.index, level.index)]
    ground = Ground(x[level.index], y[level.index], height, noise)
    return Stage(done, len(tiles.known), ground)


def _heights(cells: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    height = np.full((size, size), np.nan)
    height[cells[:, 0], cells[:, 1]] = values
    return height
