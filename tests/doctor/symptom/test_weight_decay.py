"""Decay rules where it is most of the update and the weights really shrink."""

import pytest

from tests.doctor.made import judged, points, stack

SHRINKING = [10 * 0.99**number for number in range(40)]
HYPERS = {"lr": 1e-3, "weight_decay": 1.0}


def test_it_says_how_much_and_how_fast():
    found = judged(
        "weight-decay",
        layers=stack("decay", 8e-4, 8e-4),
        weights=points(*SHRINKING, every=10),
        hypers=HYPERS,
    )
    assert "80 % of a typical update" in found.sentence
    assert found.severity == "warning"
    assert found.prescription.hypers == {"weight_decay": pytest.approx(0.3)}


def test_weights_that_have_lost_half_are_severe_even_if_they_rest_now():
    weights = points(*[10.0] * 5, *[1.0] * 35, every=10)
    found = judged(
        "weight-decay", layers=stack("decay", 8e-4, 8e-4), weights=weights, hypers=HYPERS
    )
    assert found.severity == "severe"
    assert found.prescription.hypers == {"weight_decay": pytest.approx(0.03)}


@pytest.mark.parametrize(
    ("decay", "weights"),
    [
        (4e-4, points(*SHRINKING, every=10)),
        (8e-4, points(*[10.0] * 40, every=10)),
        (8e-4, points(*[10 * 0.9995**number for number in range(40)], every=10)),
    ],
)
def test_each_condition_is_needed(decay, weights):
    assert judged("weight-decay", layers=stack("decay", decay, decay), weights=weights) is None


def test_where_nobody_followed_the_norm_the_decay_alone_must_take_a_tenth():
    once = {"weights": points(10.0), "hypers": HYPERS}
    assert judged("weight-decay", layers=stack("decay", 8e-4, 8e-4), **once) is None
    strong = stack("decay", 8e-3, 8e-3, update=1e-2)
    assert judged("weight-decay", layers=strong, **once) is not None


def test_where_decay_was_not_measured_nothing_is_said():
    assert judged("weight-decay", weights=points(*SHRINKING, every=10)) is None
