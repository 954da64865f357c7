"""The slope agrees with scipy's, and its interval holds the truth as often as it says."""

import numpy as np
import pytest
from scipy.stats import theilslopes

from thalweg.doctor.evidence import Evidence, Point
from thalweg.doctor.past.course import trend
from thalweg.doctor.past.slope import slope, theil_sen


def test_it_is_scipys_slope():
    random = np.random.default_rng(0)
    x, y = np.sort(random.uniform(0, 10, 20)), random.normal(size=20)
    assert theil_sen(x, y[None])[0] == pytest.approx(theilslopes(y, x)[0])


def noisy(rate, seed, steps=500, memory=0.0):
    random = np.random.default_rng(seed)
    rest, points = 0.0, []
    for step in range(steps):
        rest = memory * rest + random.normal(0, 0.1)
        points.append(Point(step, float(np.exp(rate * step + rest))))
    return points


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    inside = 0
    for seed in range(100):
        found = slope(noisy(-1e-3, seed))
        inside += found.low <= -1e-3 <= found.high
    assert 85 <= inside <= 100


def test_a_spike_does_not_make_a_descent_a_plateau():
    points = noisy(-2e-3, 0)
    points[100] = Point(100, 0.01)  # a best so far that is not beaten for long
    points[450] = Point(450, 50.0)
    assert trend(Evidence(losses=points)).course == "falling"


@pytest.mark.parametrize(("rate", "course"), [(-3e-3, "falling"), (0.0, "flat"), (3e-3, "rising")])
def test_the_course_follows_the_slope(rate, course):
    assert trend(Evidence(losses=noisy(rate, 1))).course == course


def test_too_little_is_unknown():
    assert trend(Evidence(losses=noisy(0.0, 0, steps=7))).course == "unknown"
    assert slope([Point(1, 1.0)] * 20) is None


def test_what_is_not_finite_is_left_out():
    points = [*noisy(-3e-3, 0), Point(500, float("nan")), Point(501, float("inf"))]
    assert slope(points).count == slope(points[:-2]).count
