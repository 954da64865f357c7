"""Divergence is said with its place; a noisy loss is none."""

import math

import pytest

from tests.doctor.made import judged, noisy, points
from thalweg.doctor.evidence import Point
from thalweg.doctor.symptom import find


def test_bad_inputs_are_the_datas_fault():
    found = judged("diverging", bad_inputs=3, non_finite="loss")
    assert "3 values of the inputs are not finite" in found.sentence
    assert found.prescription.hypers == {}


def test_the_place_of_the_first_bad_value_is_named():
    found = judged("diverging", non_finite="layer 3")
    assert "came up in layer 3" in found.sentence
    assert found.prescription.hypers["lr"] == pytest.approx(1e-4)


def test_a_loss_that_is_not_finite_is_named_with_its_step():
    found = judged("diverging", losses=[*noisy(0.0), Point(400, math.nan)])
    assert "at step 400" in found.sentence


@pytest.mark.parametrize(("end", "said"), [(1.15, False), (1.5, True)])
def test_a_loss_must_stand_a_fifth_above_its_beginning(end, said):
    losses = points(*[1.0] * 200, *[end] * 200)
    assert (judged("diverging", losses=losses, initial=1.0) is not None) is said


def test_three_spikes_above_the_beginning_are_a_warning_and_two_are_not():
    def spiked(*where):
        values = noisy(-0.002)
        return [Point(one.step, 5.0 if one.step in where else one.value) for one in values]

    assert judged("diverging", losses=spiked(100, 200, 300)).severity == "warning"
    assert judged("diverging", losses=spiked(100, 200)) is None


def test_spikes_that_stay_below_the_beginning_are_noise():
    values = [Point(o.step, 0.9 if o.step % 90 == 89 else 0.01) for o in noisy(0.0)]
    assert judged("diverging", losses=values) is None


def test_it_may_speak_before_the_fiftieth_step():
    assert find("diverging").exact


def test_it_advises_to_clip_at_the_ninetieth_percentile():
    lengths = points(*[float(number) for number in range(101)])
    found = judged("diverging", non_finite="loss", lengths=lengths)
    assert "clip gradients at 90" in found.prescription.words


@pytest.mark.parametrize(("share", "said"), [(1.5, True), (0.7, False)])
def test_a_loss_thrown_up_at_the_start_must_come_back(share, said):
    after = share * find("diverging").thresholds["back"]
    thrown = [Point(step, 8.0) for step in range(20)]
    flat = [Point(20 + one.step, one.value) for one in noisy(0.0, start=after)]
    assert (judged("diverging", losses=[*thrown, *flat], initial=1.0) is not None) is said
