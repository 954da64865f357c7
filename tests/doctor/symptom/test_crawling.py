"""A run crawls where its step could be ten times longer, and only there."""

import math

import pytest

from tests.doctor.made import judged, near, noisy, points
from thalweg.doctor.evidence import Estimate


@pytest.mark.parametrize(("multiplier", "severity"), [(9.5, None), (11, "warning"), (31, "severe")])
def test_ten_times_is_a_warning_and_thirty_severe(multiplier, severity):
    found = judged("crawling", critical_probe=near(multiplier))
    assert (found and found.severity) == severity


def test_the_sentence_has_the_factor_its_interval_and_the_probes():
    found = judged(
        "crawling", critical_probe=Estimate(31.0, 18.0, 44.0, 12), noise_scale=near(0.79)
    )
    assert found is not None
    assert "could be 31× longer" in found.sentence
    assert "95 % of 12 probes: 18× to 44×" in found.sentence
    assert "9× above its noise" in found.sentence


def test_it_prescribes_a_third_of_the_edge_and_at_most_tenfold():
    mild = judged("crawling", critical_probe=near(15.0))
    far = judged("crawling", critical_probe=near(300.0))
    assert mild.prescription.hypers["lr"] == pytest.approx(5e-3)
    assert far.prescription.hypers["lr"] == pytest.approx(1e-2)


def test_the_step_ratio_stands_in_for_the_multiplier():
    known = {"critical_probe": None, "critical": None}
    assert "could be 20× longer" in judged("crawling", ratio=near(0.1), **known).sentence
    assert judged("crawling", ratio=near(0.3), **known) is None


def test_two_probes_are_not_enough():
    assert judged("crawling", critical_probe=near(50.0, count=2)) is None


def test_four_probes_in_five_must_say_so():
    known = {"critical_probe": Estimate(12.0, 1.0, 15.0, 10)}
    most = {"criticals_probe": [12.0] * 8 + [1.0] * 2}
    few = {"criticals_probe": [12.0] * 7 + [1.0] * 3}
    assert judged("crawling", extra=most, **known) is not None
    assert judged("crawling", extra=few, **known) is None


def test_a_decayed_rate_is_not_called_crawling():
    assert judged("crawling", critical_probe=near(50.0), rates=points(1e-3, 5e-5)) is None


def test_gradients_that_oppose_each_other_are_not_crawling():
    assert judged("crawling", critical_probe=near(50.0), alignment=near(-0.3)) is None


def test_in_warm_up_it_is_only_observed():
    found = judged("crawling", critical_probe=near(50.0), observed=["warmup"])
    assert found.severity == "observation"


def test_a_loss_that_never_rises_still_has_a_prescription():
    found = judged("crawling", critical_probe=Estimate(math.inf, 1024.0, math.inf, 6))
    assert found.prescription.hypers["lr"] == pytest.approx(1e-2)


def test_a_solved_task_has_nothing_left_to_crawl_for():
    solved = {"losses": noisy(0.0, start=0.005), "initial": 1.0}
    assert judged("crawling", critical_probe=near(50.0), **solved) is None
