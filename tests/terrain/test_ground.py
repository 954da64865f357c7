"""Ground is what was measured: heights, holes and noise, also after a trip through JSON."""

import json

import numpy as np
import pytest

from thalweg import tasks
from thalweg.terrain.ground import Ground, survey


@pytest.fixture
def ground():
    height = np.array([[1.0, 2.0, np.nan], [0.1 + 0.2, np.inf, 4.0]])
    return Ground(np.array([0.0, 1.0, 3.0]), np.array([-1.0, 1.0]), height, noise=0.01)


def test_a_survey_holds_the_height_of_each_place():
    surface = tasks.surface("beale")
    found = survey(surface, size=(7, 5))
    assert found.height.shape == (5, 7)
    assert found.domain == surface.domain
    for row, y in enumerate(found.y):
        for column, x in enumerate(found.x):
            by_hand = (
                (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
            )
            assert found.height[row, column] == pytest.approx(by_hand, rel=1e-12)


def test_ground_survives_json_with_its_holes(ground):
    again = Ground.from_dict(json.loads(json.dumps(ground.to_dict(), allow_nan=False)))
    for name in ("x", "y", "height"):
        assert np.array_equal(getattr(again, name), getattr(ground, name), equal_nan=True)
    assert again.noise == 0.01
    assert np.isnan(again.height).tolist() == [[False, False, True], [False, True, False]]


def test_log_height_adds_one_for_each_factor_of_ten_and_keeps_holes(ground):
    log = ground.log_height(1e-3)
    assert 10**log - 1e-3 == pytest.approx(ground.height - ground.lowest, nan_ok=True)
    assert log.min(where=~np.isnan(log), initial=9) == pytest.approx(-3)


def test_ground_that_is_all_holes_has_no_lowest_point():
    empty = Ground(np.arange(2.0), np.arange(2.0), np.full((2, 2), np.nan))
    assert empty.is_empty
    assert np.isnan(empty.lowest)
    assert empty.range == 0


def test_level_ground_has_a_log_height():
    level = Ground(np.arange(2.0), np.arange(2.0), np.ones((2, 2)))
    assert np.isfinite(level.log_height()).all()


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: survey(lambda x, y: x), "has no domain of its own"),
        (lambda: survey(lambda x, y: x, ((1, 1), (0, 1))), "domain: x from 1 to 1 is empty"),
        (lambda: survey(tasks.surface("bowl"), size=1), r"columns=1 is outside \[2, 2001\]"),
        (lambda: survey(tasks.surface("bowl"), size=(5, 9999)), "rows=9999 is outside"),
        (lambda: Ground([0, 1], [0, 1], [[0, 1]]), r"height has shape \(1, 2\)"),
        (lambda: Ground([1, 0], [0, 1], np.zeros((2, 2))), "x must be two or more numbers"),
        (lambda: Ground([0, 1], [0, 1], np.zeros((2, 2)), -1.0), r"noise=-1.0 is outside"),
        (lambda: survey(tasks.surface("bowl"), size=3).log_height(0), "eps=0 is outside"),
    ],
)
def test_bad_input_gets_one_clear_line(make, line):
    with pytest.raises(ValueError, match=line) as error:
        make()
    assert "\n" not in str(error.value)
