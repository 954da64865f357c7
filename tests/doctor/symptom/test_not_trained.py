"""Every way in which a parameter can stand still has its own sentence."""

import pytest

from tests.doctor.made import activation, judged, layer
from thalweg.doctor.symptom import find

SOUND = layer("0.weight")


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"owned": False, "moved": False}, "no group of the optimizer holds them"),
        ({"gradient": None}, "no gradient reaches them"),
        ({"gradient": 0.0, "moved": False}, "their gradient is exactly 0"),
        ({"moved": False}, "they have a gradient and never change"),
        ({"trainable": False, "gradient": None}, "their requires_grad is off"),
    ],
)
def test_each_reason_is_named(known, words):
    found = judged("not-trained", layers=[SOUND, layer("1.weight", **known)])
    assert words in found.sentence
    assert (
        "1 parameter (1.weight), 50 % of all numbers in the model, is not trained" in found.sentence
    )


def test_all_is_well_where_everything_moves():
    assert judged("not-trained", layers=[SOUND, layer("1.weight")]) is None


def test_a_frozen_part_is_only_observed_in_fine_tuning():
    layers = [SOUND, layer("1.weight", trainable=False, gradient=None)]
    found = judged("not-trained", layers=layers, observed=["fine-tuning"])
    assert found.severity == "observation"


def test_dead_units_and_rounding_are_other_matters():
    silent = [SOUND, layer("1.weight", gradient=0.0, moved=False)]
    assert judged("not-trained", layers=silent, activations=[activation(dead=1.0)]) is None
    rounded = [SOUND, layer("1.weight", moved=False, unrounded=1.0)]
    assert judged("not-trained", layers=rounded) is None


def test_where_nothing_moves_it_is_not_one_parameter_that_stands_still():
    assert judged("not-trained", layers=[layer("0", moved=False), layer("1", moved=False)]) is None


def test_it_may_speak_before_the_fiftieth_step():
    assert find("not-trained").exact
