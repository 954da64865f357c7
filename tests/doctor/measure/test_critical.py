"""The critical multiplier is exact on quadratics, and honest elsewhere."""

import math

import pytest

from thalweg.doctor.measure.critical import LEAST, MOST, critical


@pytest.mark.parametrize("wanted", [0.03, 0.2, 0.9, 1.0, 1.5, 3.0, 31.0, 700.0])
def test_a_parabola_is_met_exactly(wanted):
    assert critical(lambda m: m * m - wanted * m) == pytest.approx(wanted, rel=1e-9)


def test_a_step_that_could_be_a_thousand_times_longer_says_no_more():
    assert critical(lambda m: -m) == MOST


def test_a_step_that_only_climbs_has_none():
    asked = []
    assert critical(lambda m: asked.append(m) or m) == 0
    assert min(asked) == LEAST


def test_a_cliff_is_narrowed_down():
    found = critical(lambda m: -1.0 if m < 5 else math.inf)
    assert 4.3 < found < 5.8


def test_a_loss_that_is_no_number_has_risen():
    assert critical(lambda m: math.nan if m > 0.4 else -m) < 0.5


def test_noise_of_the_arithmetic_does_not_stop_the_doubling():
    def rise(m):
        return 1e-9 if m < 4 else m * m - 20 * m

    assert critical(rise, rounding=1e-8) == pytest.approx(20, rel=0.02)


def test_a_steeper_wall_than_a_parabola_is_met_within_a_few_percent():
    assert critical(lambda m: m**4 - 20.0**3 * m) == pytest.approx(20, rel=0.1)
