"""The expected best of k points, and the tuning-cost curve."""

from itertools import combinations, product

import numpy as np
import pytest

from thalweg.race.tuning import expected_best, tuning_cost, weights


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.mark.parametrize("plug_in", [False, True])
@pytest.mark.parametrize("n", [1, 2, 7, 16, 64, 300])
def test_weights_sum_to_one(n, plug_in):
    for k in {1, 2, n // 2, n - 1, n} - {0}:
        if k <= n:
            assert sum(weights(n, k, plug_in)) == pytest.approx(1, rel=1e-12)
            assert min(weights(n, k, plug_in)) >= 0


@pytest.mark.parametrize("higher", [False, True])
def test_the_unbiased_estimate_is_the_mean_over_all_subsets(higher, rng):
    scores = rng.normal(size=8)
    best = max if higher else min
    for k in range(1, 9):
        brute = np.mean([best(drawn) for drawn in combinations(scores, k)])
        assert expected_best(scores, k, higher) == pytest.approx(brute)


@pytest.mark.parametrize("higher", [False, True])
def test_the_plug_in_is_the_mean_over_all_draws_with_replacement(higher, rng):
    scores = rng.normal(size=5)
    best = max if higher else min
    for k in range(1, 5):
        brute = np.mean([best(drawn) for drawn in product(scores, repeat=k)])
        assert expected_best(scores, k, higher, plug_in=True) == pytest.approx(brute)


def test_equal_scores_share():
    assert expected_best([2.0, 2.0, 1.0], 2, higher=True) == pytest.approx(2.0)


@pytest.mark.parametrize("k", [0, 4])
def test_more_than_there_are_cant_be_drawn(k):
    with pytest.raises(ValueError, match=f"the best of {k} out of 3"):
        expected_best([1.0, 2.0, 3.0], k, higher=True)


def test_the_curve_is_the_expected_best_of_every_number_of_points(rng):
    scores = list(rng.normal(size=16))
    cost = tuning_cost(scores, worst=-9.0, higher=True, seconds=3.0)
    assert cost.points == list(range(1, 17))
    assert cost.middle == pytest.approx([expected_best(scores, k, True) for k in cost.points])
    assert (cost.trusted, cost.seconds) == (8, 3.0)
    assert all(
        low <= middle <= high
        for low, middle, high in zip(cost.low, cost.middle, cost.high, strict=True)
    )
    assert cost.middle == sorted(cost.middle)


def test_a_failed_point_counts_as_the_worst():
    cost = tuning_cost([0.9, None, 0.5], worst=0.1, higher=True, seconds=1.0)
    assert cost.middle[0] == pytest.approx((0.9 + 0.1 + 0.5) / 3)
    # A point that ended below the start is worse still.
    cost = tuning_cost([2.0, None, 9.0], worst=3.0, higher=False, seconds=1.0)
    assert cost.middle[0] == pytest.approx((2 + 9 + 9) / 3)


def test_the_spread_is_that_of_searches_drawn_anew():
    scores = [1.0, 0.0, 0.0, 0.0]
    cost = tuning_cost(scores, worst=0.0, higher=True, seconds=1.0, samples=40_000)
    found = 1 - (3 / 4) ** 4  # the chance that the good point is among four draws
    assert cost.spread == pytest.approx(np.sqrt(found * (1 - found)), rel=0.02)
    assert tuning_cost([1.0] * 4, 0.0, True, 1.0).spread == 0


def test_the_band_holds_nine_tenths_of_the_searches(rng):
    scores = rng.normal(size=12)
    cost = tuning_cost(list(scores), worst=-9.0, higher=True, seconds=1.0)
    means = rng.choice(scores, (20_000, 12)).mean(axis=1)  # of k = 1 the mean of all
    assert [cost.low[0], cost.high[0]] == pytest.approx(np.percentile(means, [5, 95]), abs=0.03)


def test_a_single_point_is_a_curve_that_nobody_should_trust():
    cost = tuning_cost([0.5], worst=0.1, higher=True, seconds=1.0)
    assert (cost.middle, cost.trusted, cost.spread) == ([0.5], 0, 0.0)


@pytest.mark.parametrize("scores", [[], [1.0, float("nan")], [float("inf")]])
def test_scores_that_are_not_finite_are_refused(scores):
    with pytest.raises(ValueError, match="None is for a point that failed"):
        tuning_cost(scores, worst=0.0, higher=True, seconds=1.0)
