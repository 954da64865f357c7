"""Targets, when they were reached, and the performance profile."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from tests.race.made import record
from thalweg.race.arrival import Course, arrivals, first_hit, hits, ladder, profile, restricted_mean

COURSE = Course(epochs=4, steps=40, gradient_evaluations=2560, seconds_per_step=0.5)


def test_the_ladder_ends_at_the_median_of_the_reference():
    targets = ladder(0.1, [0.9, 0.5, 0.8])
    assert targets[-1] == 0.8
    assert targets == sorted(targets)
    assert targets[0] == pytest.approx(0.45)
    assert ladder(2.0, [1.0]) == sorted(ladder(2.0, [1.0]), reverse=True)


def test_a_reference_that_got_nowhere_has_no_ladder():
    assert ladder(1.0, [1.0, 1.0]) == []
    assert ladder(1.0, [math.nan]) == []


def test_a_hit_that_is_lost_at_once_does_not_count():
    values, at = [0.0, 0.9, 0.1, 0.9, 0.9], [0, 1, 2, 3, 4]
    assert first_hit(values, at, 0.5, higher=True) == 3


def test_a_hit_at_the_very_end_is_not_confirmed():
    assert first_hit([0.0, 0.0, 0.9], [0, 1, 2], 0.5, higher=True) is None


def test_lower_is_better_hits_from_above_and_nan_never():
    values = [2.0, 0.4, 0.3, math.nan]
    assert first_hit(values, [0, 1, 2, 3], 0.5, higher=False) == 1
    assert first_hit([math.nan] * 3, [0, 1, 2], 0.5, higher=True) is None


def test_each_clock_counts_its_own():
    run = record([2.0, 1.0, 0.4, 0.3, 0.2])
    for clock, position in (("epochs", 2), ("gradient_evaluations", 1280), ("seconds", 10.0)):
        assert hits([run], "loss", 0.5, False, COURSE, clock) == [position]


def test_a_run_that_diverged_counts_with_its_whole_length():
    runs = [record([2.0, 0.4, 0.3, 0.2, 0.1]), record([2.0, math.inf], status="diverged")]
    [found] = arrivals(runs, "loss", [0.5], False, COURSE)
    assert (found.share, found.epochs) == (0.5, (1 + 4) / 2)
    assert found.gradient_evaluations == (640 + 2560) / 2
    assert found.seconds == (5.0 + 20.0) / 2


def test_the_mean_is_the_area_under_the_kaplan_meier_curve():
    rng = np.random.default_rng(2)
    times = np.where(rng.uniform(size=30) < 0.3, math.inf, rng.integers(1, 20, 30))
    horizon = 20.0
    seen = times[np.isfinite(times)]
    curve = stats.ecdf(stats.CensoredData(seen, right=np.full(30 - len(seen), horizon))).sf
    steps = np.concatenate([[0.0], seen[np.argsort(seen)], [horizon]])
    area = sum((b - a) * curve.evaluate(a) for a, b in pairwise(steps))
    assert restricted_mean(times, horizon) == pytest.approx(area)


def test_misses_are_not_dropped():
    assert restricted_mean([1.0, math.inf, math.inf, math.inf], horizon=9.0) == 7.0


def test_the_profile_of_an_example_by_hand():
    inf = math.inf
    ratios, (fast, slow) = profile([[1.0, 4.0, 2.0, inf], [3.0, 2.0, inf, inf]])
    assert (ratios[0], ratios[-1]) == (1.0, 4.0)

    def at(curve, ratio):
        return curve[ratios.index(ratio)]

    # Of four problems: ratios 1, 2, 1, never against 3, 1, never, never.
    assert [at(fast, r) for r in (1.0, 1.95, 2.0, 4.0)] == [0.5, 0.5, 0.75, 0.75]
    assert [at(slow, r) for r in (1.0, 2.95, 3.0, 4.0)] == [0.25, 0.25, 0.5, 0.5]


def test_whoever_is_there_at_once_is_infinitely_faster():
    _, (fast, slow) = profile([[0.0], [1.0]])
    assert set(fast) == {1.0}
    assert set(slow) == {0.0}


def test_a_profile_without_problems_is_flat():
    _, curves = profile(np.zeros((2, 0)))
    assert {share for curve in curves for share in curve} == {0.0}


@pytest.mark.parametrize("times", [[1.0], [[math.nan]], [[-1.0]]])
def test_times_that_are_none_are_refused(times):
    with pytest.raises(ValueError, match="times from 0 on"):
        profile(times)
