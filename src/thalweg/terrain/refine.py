"""From a coarse grid to a fine one, each level using all that the one before has measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COARSEST = 13
"""Cells along one side of the first level."""

SMALLEST, LARGEST = 3, 401

Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Level:
    """One grid of the refinement.

    Attributes:
        index: which rows and columns of the final grid it has, rising.
        cells: the cells that are new in it, (row, column) in rows, shape (n, 2).
    """

    index: Whole
    cells: Whole


def levels(size: int) -> Iterator[Level]:
    """The levels of a square grid: 13, 25, and so on up to its size.

    Every level's rows and columns are among the next one's, and the middle is in all of them where
    the size is odd. Where the numbers do not divide, spacings differ by one cell of the final grid.

    Args:
        size: cells along each side of the final grid.

    Returns:
        The levels; their new cells, all together, are the grid, each once.

    Raises:
        ValueError: a size outside [3, 401].

    Example:
        >>> [len(level.index) for level in levels(51)]
        [13, 25, 51]
        >>> sum(len(level.cells) for level in levels(51)) == 51 * 51
        True
    """
    if type(size) is not int or not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size={size!r} is outside [{SMALLEST}, {LARGEST}]; 51 is usual")
    known = np.zeros((size, size), dtype=bool)
    for count in _counts(size):
        index = np.round(np.linspace(0, size - 1, count)).astype(np.int64)
        wanted = np.zeros_like(known)
        wanted[np.ix_(index, index)] = True
        yield Level(index, np.argwhere(wanted & ~known))
        known |= wanted


def _counts(size: int) -> list[int]:
    counts = []
    count = COARSEST
    while count < size:
        counts.append(count)
        count = 2 * count - 1
    # A last level that adds next to nothing is left to the final one.
    if counts and counts[-1] > 0.75 * size:
        counts.pop()
    return [*counts, size]
