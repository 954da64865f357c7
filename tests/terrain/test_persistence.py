"""Persistence agrees with a flood done level by level, and counts what lasts."""

import numpy as np
import pytest
from scipy.ndimage import label

from thalweg import tasks
from thalweg.terrain.ground import Ground, survey
from thalweg.terrain.persistence import hollows

EIGHT = np.ones((3, 3))


def on_grid(height, noise=0.0):
    height = np.asarray(height, dtype=float)
    return Ground(np.arange(height.shape[1]), np.arange(height.shape[0]), height, noise)


def flooded(height):
    """Birth and death of each lake, by labelling the wet cells anew at every level."""
    levels = np.unique(height[~np.isnan(height)])
    alive, pairs = {}, []  # lakes by their bottom
    for level in levels:
        lakes, count = label(height <= level, EIGHT)
        now = {}
        for one in range(1, count + 1):
            bottoms = [b for b in alive if lakes[b] == one]
            if not bottoms:
                cells = np.argwhere(lakes == one)
                now[tuple(cells[0])] = level
                continue
            oldest = min(bottoms, key=lambda b: alive[b])
            now[oldest] = alive[oldest]
            pairs += [(alive[b], level) for b in bottoms if b != oldest]
        alive = now
    pairs += [(birth, np.inf) for birth in alive.values()]
    return sorted(pairs)


@pytest.mark.parametrize("seed", range(6))
def test_births_and_deaths_agree_with_a_flood_level_by_level(seed):
    random = np.random.default_rng(seed)
    # Few levels, so that there are plateaus and ties; holes in half of the cases.
    height = random.integers(0, 9 if seed % 2 else 1000, (13, 11)).astype(float)
    if seed > 2:
        height[random.random(height.shape) < 0.15] = np.nan
    found = [(one.height, one.pass_height) for one in hollows(on_grid(height), 0.0)]
    assert sorted(found) == flooded(height)


@pytest.mark.parametrize("seed", range(4))
def test_the_pass_is_the_lowest_way_to_deeper_ground(seed):
    random = np.random.default_rng(seed)
    height = random.normal(size=(15, 15))
    found = hollows(on_grid(height), 0.3)
    for place, one in enumerate(found):
        if one.pass_cell is None:
            continue
        deeper = found[one.parent]
        assert one.parent < place
        assert deeper.height <= one.height
        assert height[one.pass_cell] == one.pass_height
        # Below the pass there is no way from it to anything deeper; up to it there is.
        below, _ = label(height < one.pass_height, EIGHT)
        assert height[below == below[one.cell]].min() == one.height
        with_it, _ = label(height <= one.pass_height, EIGHT)
        assert with_it[one.cell] == with_it[deeper.cell]


def test_every_cell_lies_in_the_basin_that_water_on_it_runs_to():
    ground = survey(tasks.surface("himmelblau"), size=81)
    found = hollows(ground)
    height = ground.height
    for start in np.ndindex(height.shape):
        cell = start
        while True:
            row, column = cell
            around = [
                (r, c)
                for r in range(max(row - 1, 0), min(row + 2, 81))
                for c in range(max(column - 1, 0), min(column + 2, 81))
            ]
            low = min(around, key=lambda one: height[one])
            if height[low] >= height[cell]:
                break
            cell = low
        if cell in [one.cell for one in found]:
            assert found[found.basin[start]].cell == cell
    assert set(np.unique(found.basin)) == {0, 1, 2, 3}


def test_a_basin_that_does_not_count_is_given_to_the_one_it_runs_over_into():
    found = hollows(on_grid([[5, 0, 5, 4.9, 5, 1, 5]] * 2), 0.5)
    assert [one.height for one in found] == [0, 1]
    assert found.basin[0, 3] in (0, 1)
    assert (found.basin >= 0).all()


def test_a_flat_bottom_counts_once_wherever_it_turns():
    flat = np.ones((7, 7))
    for cell in [(1, 1), (2, 2), (3, 1), (4, 2), (5, 3), (4, 4), (3, 5)]:
        flat[cell] = 0.0
    assert len(hollows(on_grid(flat), 0.0)) == 1
    assert len(hollows(on_grid(np.ones((5, 5))), 0.0)) == 1


def test_two_flat_bottoms_apart_count_twice():
    found = hollows(on_grid([[0, 0, 1, 0, 0]] * 3), 0.0)
    assert [one.height for one in found] == [0, 0]
    assert found[1].persistence == 1


def test_a_hollow_beside_the_border_or_a_hole_says_so():
    height = np.full((9, 9), 5.0)
    height[0, 1], height[4, 4], height[7, 7] = 0.0, 1.0, 2.0
    assert [one.edge for one in hollows(on_grid(height), 0.0)] == [True, False, False]
    height[8, 8] = np.nan
    assert [one.edge for one in hollows(on_grid(height), 0.0)] == [True, False, True]
    flat = np.full((7, 7), 5.0)
    flat[3, 3:] = 0.0  # its first cell is inside, its last on the border
    assert [one.edge for one in hollows(on_grid(flat), 0.0)] == [True]


def test_islands_between_holes_have_no_pass():
    height = np.array([[1.0, np.nan, 0.0], [2.0, np.nan, 3.0]])
    found = hollows(on_grid(height))
    assert [(one.height, one.pass_cell, one.parent) for one in found] == [
        (0, None, None),
        (1, None, None),
    ]
    assert found.climb(1) == np.inf
    assert found.basin.tolist() == [[1, -1, 0], [1, -1, 0]]


def test_the_climb_to_the_deepest_goes_over_the_highest_pass_on_the_way():
    found = hollows(on_grid([[0, 9, 1, 3, 2]] * 2), 0.0)
    assert [one.persistence for one in found] == [np.inf, 8, 1]
    assert [found.climb(place) for place in range(3)] == [0, 8, 7]


def test_what_the_noise_makes_does_not_count():
    random = np.random.default_rng(0)
    ground = survey(tasks.surface("two-valleys"), size=61)
    noisy = Ground(
        ground.x, ground.y, ground.height + random.normal(0, 0.03, ground.height.shape), 0.03
    )
    assert len(hollows(noisy, 0.0)) > 100
    assert hollows(noisy).least == pytest.approx(0.09)
    # The wells keep one bottom each; few of the ripples of so many cells reach three sigma twice.
    deep = [one for one in hollows(noisy) if one.persistence > 0.2]
    assert len(deep) == 2


@pytest.mark.parametrize(
    "name", ["himmelblau", "rastrigin", "ackley", "styblinski-tang", "two-valleys", "saddle"]
)
def test_as_many_as_are_known_are_found_on_the_grid_alone(name):
    surface = tasks.surface(name)
    found = hollows(survey(surface, size=401))
    assert len(found) == len(surface.minima)
    assert not any(one.edge for one in found)


def test_the_six_hump_camel_has_six_on_the_grid_though_two_are_a_thousandth_deep():
    # Its border is 160 high: by the rule for networks, a hundredth of that, only the two deep
    # valleys count.
    ground = survey(tasks.surface("six-hump-camel"), size=401)
    assert len(hollows(ground, 0.0)) == 6
    assert len(hollows(ground)) == 1


def test_empty_ground_has_no_hollows():
    assert len(hollows(on_grid(np.full((3, 3), np.nan)))) == 0


def test_a_negative_least_is_refused():
    with pytest.raises(ValueError, match=r"least=-1 is outside \[0, inf\)"):
        hollows(on_grid(np.zeros((2, 2))), -1)
