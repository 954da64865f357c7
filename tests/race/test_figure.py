"""Figures in sentences."""

import math

import pytest

from thalweg.race import figure
from thalweg.race.result import Span


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (Span(0.012, 0.008, 0.016), ("1.20 points", "0.80 to 1.60")),
        (Span(0.5, -0.1, 0.9), ("50 points", "−10 to 90")),
        (Span(0.0, 0.0, 0.0), ("0 points", "0 to 0")),
        (Span(0.25, 0.25, 0.25), ("25 points", "25 to 25")),
    ],
)
def test_fractions_are_told_in_points(span, said):
    assert figure.gap("accuracy", span) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (Span(1.23456e-9, 1e-9, 2e-9), ("1.23e-09", "1.00e-09 to 2.00e-09")),
        (Span(-12345.6, -20000.0, -4000.0), ("−12346", "−20000 to −4000")),
        (Span(0.2981, 0.2979, 0.2983), ("0.29810", "0.29790 to 0.29830")),
    ],
)
def test_the_ends_of_an_interval_can_be_told_apart(span, said):
    assert figure.gap("loss", span) == said


def test_what_is_not_known_is_said_without_failing():
    nan = math.nan
    assert figure.gap("loss", Span(nan, nan, nan)) == ("nan", "nan to nan")
    assert figure.value("accuracy", math.inf) == "inf"


@pytest.mark.parametrize("number", [1.0, 1.04, 9.96, 99.6, 12345.0, 0.5, math.inf])
def test_a_factor_is_near_what_it_says(number):
    assert float(figure.factor(number)) == pytest.approx(number, rel=0.05)
