"""What two sides gained over each other, against scipy's intervals."""

import math

import numpy as np
import pytest
from scipy import stats

from thalweg.doctor.comparison import average, compared


def test_one_repeat_that_is_thrown_far_up_does_not_hide_the_harm():
    one, two, gain = compared([0.066, 0.065, 0.067, 0.066], [2.3, 2.4, 207.0, 2.3])
    assert gain.high < 0
    assert one.value == pytest.approx((0.066 * 0.065 * 0.067 * 0.066) ** 0.25)
    logs = np.log([2.3, 2.4, 207.0, 2.3])
    low, high = stats.t.interval(0.95, 3, logs.mean(), stats.sem(logs))
    assert (two.low, two.high) == pytest.approx((math.exp(low), math.exp(high)))


def test_losses_below_zero_are_compared_by_their_difference():
    gain = compared([-1.0, -1.2, -1.1], [-2.0, -2.1, -2.2])[2]
    low, high = stats.t.interval(0.95, 2, 1.0, stats.sem([1.0, 0.9, 1.1]))
    assert (gain.value, gain.low, gain.high) == pytest.approx((1.0, low, high))


def test_a_side_that_breaks_once_has_lost():
    assert compared([1.0, 1.0], [0.5, math.nan])[2].value == -math.inf
    assert compared([1.0, math.inf], [0.5, 0.4])[2].value == math.inf
    assert compared([1.0, math.inf], [0.5, math.nan])[2].value == -math.inf


def test_the_average_forgets_exponentially():
    losses = [3.0, 1.0, 2.0]
    shares = [math.exp(-2 / 5), math.exp(-1 / 5), 1.0]
    wanted = sum(a * b for a, b in zip(losses, shares, strict=True)) / sum(shares)
    assert average(losses, 5.0)[-1] == pytest.approx(wanted)
