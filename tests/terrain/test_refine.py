"""Grids from coarse to fine."""

import itertools

import numpy as np
import pytest

from thalweg.terrain.refine import levels


@pytest.mark.parametrize("size", [3, 12, 13, 25, 50, 51, 101])
def test_every_cell_is_measured_once_and_levels_are_nested(size):
    found = list(levels(size))
    cells = np.concatenate([level.cells for level in found])
    assert len(cells) == size * size == len({tuple(cell) for cell in cells.tolist()})
    for coarse, fine in itertools.pairwise(found):
        assert set(coarse.index.tolist()) < set(fine.index.tolist())
    for level in found:
        assert {0, size - 1} <= set(level.index.tolist())


def test_the_usual_levels_hold_the_middle():
    found = list(levels(51))
    assert [len(level.index) for level in found] == [13, 25, 51]
    assert all(25 in level.index for level in found)


@pytest.mark.parametrize("size", [2, 402, 51.0, True])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match="51 is usual"):
        list(levels(size))
