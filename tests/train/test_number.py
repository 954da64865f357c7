"""Numbers as people read them."""

import math

import pytest

from thalweg.train import number


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ((0.012, 0.008, 0.016), ("1.20 points", "0.80 to 1.60")),
        ((0.5, -0.1, 0.9), ("50 points", "−10 to 90")),
        ((0.0, 0.0, 0.0), ("0 points", "0 to 0")),
        ((-0.0, -0.0, 0.0), ("0 points", "0 to 0")),
        ((-0.00001, -0.01, 0.01), ("0.0 points", "−1.0 to 1.0")),
        ((0.25, 0.25, 0.25), ("25 points", "25 to 25")),
    ],
)
def test_fractions_are_told_in_points(span, said):
    assert number.difference("accuracy", *span) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ((1.23456e-9, 1e-9, 2e-9), ("1.23e-09", "1.00e-09 to 2.00e-09")),
        ((-12345.6, -20000.0, -4000.0), ("−12346", "−20000 to −4000")),
        ((0.2981, 0.2979, 0.2983), ("0.29810", "0.29790 to 0.29830")),
    ],
)
def test_the_ends_of_an_interval_can_be_told_apart(span, said):
    assert number.difference("loss", *span) == said


def test_what_is_not_known_is_said_without_failing():
    nan = math.nan
    assert number.difference("loss", nan, nan, nan) == ("nan", "nan to nan")
    assert number.metric("accuracy", math.inf) == "∞"


@pytest.mark.parametrize("value", [1.0, 1.04, 9.96, 99.6, 12345.0, 0.5, math.inf])
def test_a_factor_is_near_what_it_says(value):
    assert float(number.factor(value)) == pytest.approx(value, rel=0.05)


@pytest.mark.parametrize("value", [7.5e-9, 1e-17, -9.9e-5])
def test_no_distance_of_fractions_has_an_exponent(value):
    assert number.distance("accuracy", value) == "less than 0.01 points"


def test_zero_has_no_sign():
    assert number.gap("accuracy", -1e-9) == "0.00 points"
    assert number.plain(-0.0) == "0"
