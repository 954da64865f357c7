"""How much a wrong learning rate costs, on curves whose answer is known."""

import math

import numpy as np
import pytest

from thalweg.race.sensitivity import sensitivity


def valley(lr, width, best=1e-2):
    """A loss of 1 at the best learning rate, which meets the start of 2 `width` decades away."""
    return 1 + min(1.0, (abs(math.log10(lr / best)) / width))


def points(low, high, count):
    return list(np.geomspace(low, high, count))


@pytest.mark.parametrize("width", [0.8, 1.6, 4.0])
def test_a_quarter_of_the_gain_is_lost_where_the_valley_says(width):
    lrs = points(1e-5, 10, 61)
    found = sensitivity(lrs, [valley(lr, width) for lr in lrs], start=2.0, higher=False)
    assert math.log10(found.forgives) == pytest.approx(width / 4, rel=0.05)


@pytest.mark.parametrize("width", [1.0, 2.0])
def test_the_excess_is_the_mean_within_a_factor_of_ten(width):
    lrs = points(1e-5, 10, 121)
    found = sensitivity(lrs, [valley(lr, width) for lr in lrs], start=2.0, higher=False)
    assert found.excess == pytest.approx(0.5 / width, rel=0.05)


def test_accuracy_is_the_same_turned_round():
    lrs = points(1e-4, 1, 33)
    losses = [valley(lr, 1.0) for lr in lrs]
    down = sensitivity(lrs, losses, start=2.0, higher=False)
    up = sensitivity(lrs, [-loss for loss in losses], start=-2.0, higher=True)
    assert (up.excess, up.forgives) == pytest.approx((down.excess, down.forgives))


def test_the_nearer_side_decides():
    lrs = points(1e-4, 1, 81)
    steep = [valley(lr, 0.4 if lr > 1e-2 else 4.0) for lr in lrs]
    found = sensitivity(lrs, steep, start=2.0, higher=False)
    assert math.log10(found.forgives) == pytest.approx(0.1, abs=0.03)
    assert found.sentence.startswith("Forgives almost nothing")


def test_a_failed_point_counts_as_the_start():
    lrs, well = points(1e-4, 1, 5), [1.4, 1.2, 1.0]
    failed = sensitivity(lrs, [*well, None, None], start=2.0, higher=False)
    started = sensitivity(lrs, [*well, 2.0, 2.0], start=2.0, higher=False)
    burst = sensitivity(lrs, [*well, 1e9, math.nan], start=2.0, higher=False)
    assert failed == started == burst
    # Were they worse than the start, the way to them would be steeper.
    assert math.log10(failed.forgives) == pytest.approx(0.25)  # a quarter of the way up to 2


def test_a_best_point_at_an_end_of_the_search_tells_nothing():
    found = sensitivity([0.01, 0.1, 1.0], [1.0, 1.5, None], start=2.0, higher=False)
    assert found.forgives == 1
    assert "at an end of the search: what it forgives is not known" in found.sentence


def test_other_hypers_that_were_bad_there_do_not_count_against_a_learning_rate():
    lrs = points(1e-4, 1, 32)
    losses = [valley(lr, 1.0) for lr in lrs]
    spoilt = [1.9 if i % 2 else loss for i, loss in enumerate(losses)]
    found, clean = (sensitivity(lrs, x, start=2.0, higher=False) for x in (spoilt, losses))
    assert found.forgives == pytest.approx(clean.forgives, rel=0.3)


def test_an_end_of_the_search_is_at_least():
    lrs = points(1e-3, 1e-1, 9)
    found = sensitivity(lrs, [valley(lr, 9.0) for lr in lrs], start=2.0, higher=False)
    assert found.forgives == pytest.approx(10)
    assert "at least 10 times" in found.sentence


def test_nobody_who_never_learns_forgives():
    found = sensitivity([0.1, 1.0], [2.0, None], start=2.0, higher=False)
    assert (found.excess, found.forgives) == (0.0, 1.0)
    assert found.sentence == "No learning rate did better than the start."


@pytest.mark.parametrize("lrs", [[], [0.1], [0.1, 0.0]])
def test_learning_rates_that_match_nothing_are_refused(lrs):
    with pytest.raises(ValueError, match="learning rates"):
        sensitivity(lrs, [1.0, 1.0], start=2.0, higher=False)


def test_equal_learning_rates_are_one():
    found = sensitivity([0.1, 0.1, 0.1, 1.0, 0.01], [1.0, 1.5, None, 2.0, 2.0], 2.0, False)
    assert math.log10(found.forgives) == pytest.approx(0.25)


def test_the_sentence_names_points_of_accuracy():
    lrs = points(1e-4, 1, 41)
    scores = [0.9 - 0.2 * abs(math.log10(lr / 1e-2)) for lr in lrs]
    found = sensitivity(lrs, scores, start=0.1, higher=True, metric="accuracy")
    assert "10 times costs up to 20 points" in found.sentence
    assert "Forgives a learning rate 10 times" in found.sentence
