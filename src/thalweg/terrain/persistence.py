"""Persistence: which dips of a grid are valleys, and how high one must climb to leave them.

Fill the ground with water from below. A cell that comes up with no wet neighbour founds a lake;
where two lakes meet stands a pass, and the lake with the higher bottom ends there. What it rose,
from its bottom to the pass, is its persistence: 0-dimensional sublevel-set persistence, by the
elder rule, with eight neighbours for each cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from thalweg.terrain.ground import Ground

Cell = tuple[int, int]


@dataclass(frozen=True)
class Hollow:
    """A minimum of the grid that is deep enough to count.

    Attributes:
        cell: (row, column) of its lowest cell.
        height: there.
        pass_height: of the pass to deeper ground; infinite if no way leads there.
        pass_cell: (row, column) of that pass; None if there is none.
        parent: the place in the list of the deeper hollow that the pass leads to; None likewise.
        edge: it touches the border or a hole: lower ground may lie outside.
    """

    cell: Cell
    height: float
    pass_height: float
    pass_cell: Cell | None
    parent: int | None
    edge: bool

    @property
    def persistence(self) -> float:
        """How far up the pass lies from the bottom; infinite if there is none."""
        return self.pass_height - self.height


@dataclass(frozen=True, eq=False)
class Hollows:
    """The hollows of a ground, deepest first, and which cell drains into which.

    Attributes:
        found: the hollows.
        basin: for each cell, the place of its hollow in `found`; -1 for holes.
        least: the persistence that counted.
    """

    found: tuple[Hollow, ...]
    basin: NDArray[np.int64]
    least: float

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Hollow]:
        return iter(self.found)

    def __getitem__(self, place: int) -> Hollow:
        return self.found[place]

    def climb(self, place: int) -> float:
        """How far up the lowest way from a hollow to the deepest one leads; infinite for none."""
        start, top = self.found[place].height, self.found[place].height
        while self.found[place].parent is not None:
            top = max(top, self.found[place].pass_height)
            place = self.found[place].parent or 0
        return top - start if place == 0 else float("inf")


def hollows(ground: Ground, least: float | None = None) -> Hollows:
    """The minima of a grid with their passes and basins.

    Args:
        ground: the heights.
        least: hollows of this persistence or less do not count; by default the larger of three
            times the noise and a hundredth of the range.

    Returns:
        The hollows, deepest first. A flat bottom counts once. The first is the deepest, and it is
        found on any ground that is not all holes.

    Raises:
        ValueError: `least` is negative or NaN.

    Example:
        >>> ground = Ground(range(5), [0, 1], [[3, 0, 2, 1, 3]] * 2)
        >>> [(h.cell, h.persistence, h.pass_cell) for h in hollows(ground)]
        [((0, 1), inf, None), ((0, 3), 1.0, (0, 2))]
    """
    if least is None:
        least = max(3 * ground.noise, 0.01 * ground.range)
    if not least >= 0:
        raise ValueError(f"hollows: least={least!r} is outside [0, inf); 0 keeps every one")
    height = np.ascontiguousarray(ground.height)
    order = np.argsort(height, axis=None, kind="stable")
    order = order[: int((~np.isnan(height)).sum())]
    owner, bottoms, passes, parents = _flood(height, order)
    return _kept(height, owner, bottoms, passes, parents, least)


@njit(cache=True)
def _flood(height: Any, order: Any) -> Any:
    """All lakes: each cell's lake, and each lake's bottom cell, pass cell and deeper lake."""
    rows, columns = height.shape
    owner = np.full(height.size, -1, np.int64)  # where a drop on this cell runs to
    bottoms = np.empty(height.size, np.int64)
    passes = np.full(height.size, -1, np.int64)
    parents = np.full(height.size, -1, np.int64)
    top = np.empty(height.size, np.int64)  # union-find over lakes; a root is the deepest
    count = 0
    for cell in order:
        row, column = cell // columns, cell % columns
        mine, low = -1, np.inf
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(column - 1, 0), min(column + 2, columns)):
                lake = owner[r * columns + c]
                if lake < 0:
                    continue
                if height[r, c] < low:
                    owner[cell], low = lake, height[r, c]
                while top[lake] != lake:
                    top[lake] = top[top[lake]]
                    lake = top[lake]
                if 0 <= mine != lake:  # lakes are numbered from the deepest up: the later one ends
                    younger = max(mine, lake)
                    mine = min(mine, lake)
                    top[younger], parents[younger], passes[younger] = mine, mine, cell
                mine = lake if mine < 0 else mine
        if mine < 0:
            owner[cell] = top[count] = count
            bottoms[count] = cell
            count += 1
    return owner, bottoms[:count], passes[:count], parents[:count]


def _kept(
    height: NDArray[np.float64],
    owner: NDArray[np.int64],
    bottoms: NDArray[np.int64],
    passes: NDArray[np.int64],
    parents: NDArray[np.int64],
    least: float,
) -> Hollows:
    """Hollows that last, and the basins of those that do not given to those that they end in."""
    flat, columns = height.ravel(), height.shape[1]
    over = np.where(passes >= 0, flat[passes], np.inf)
    rise = over - flat[bottoms] if len(bottoms) else over
    # A lake outlasts all that it swallows, so a kept one's parent is kept, and a lost one's is
    # numbered before it.
    kept = rise > least
    if len(kept):
        kept[0] = True
    place = np.where(kept, np.cumsum(kept) - 1, -1)
    for lake in np.flatnonzero(~kept):
        place[lake] = place[parents[lake]]
    basin = np.where(owner >= 0, place[owner], -1) if len(place) else owner
    edges = _edges(height, basin, flat[bottoms[kept]] if len(place) else flat[:0])
    cells = [(int(cell) // columns, int(cell) % columns) for cell in passes]
    found = tuple(
        Hollow(
            cell=(int(bottoms[lake]) // columns, int(bottoms[lake]) % columns),
            height=float(flat[bottoms[lake]]),
            pass_height=float(over[lake]),
            pass_cell=cells[lake] if passes[lake] >= 0 else None,
            parent=int(place[parents[lake]]) if parents[lake] >= 0 else None,
            edge=int(place[lake]) in edges,
        )
        for lake in np.flatnonzero(kept)
    )
    return Hollows(found, basin.reshape(height.shape), least)


def _edges(
    height: NDArray[np.float64], basin: NDArray[np.int64], bottoms: NDArray[np.float64]
) -> set[int]:
    """The hollows whose bottom touches the border or a hole, also where the bottom is flat."""
    padded = np.pad(np.isnan(height), 1, constant_values=True)
    rows, columns = height.shape
    beside = np.zeros(height.shape, dtype=bool)
    for down in range(3):
        for right in range(3):
            beside |= padded[down : down + rows, right : right + columns]
    cells = beside.ravel() & (basin >= 0)
    low = basin[cells][height.ravel()[cells] == bottoms[basin[cells]]]
    return set(np.unique(low).tolist())
