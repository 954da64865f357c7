"""Steps beyond the edge are a fault only where the loss does not fall."""

import pytest

from tests.doctor.made import healthy, judged, near, noisy
from thalweg.doctor.symptom import find

BOUNCING = {"ratio": near(3.0), "alignment": near(-0.4), "losses": noisy(0.0)}


def test_long_steps_that_turn_round_and_gain_nothing_are_named():
    found = judged("bouncing", **BOUNCING)
    assert found.severity == "warning"
    assert "step ratio is 3" in found.sentence
    assert found.prescription.hypers["lr"] == pytest.approx(3.3e-4)


def test_above_four_it_is_severe():
    assert judged("bouncing", **{**BOUNCING, "ratio": near(5.0)}).severity == "severe"


@pytest.mark.parametrize(
    "other",
    [
        {"ratio": near(1.9)},
        {"alignment": near(0.2)},
        {"reliability": near(-0.1)},
        {"losses": noisy(-0.002)},
        {"ratio": near(3.0, count=2)},
    ],
)
def test_each_condition_is_needed(other):
    assert judged("bouncing", **{**BOUNCING, **other}) is None


def test_the_edge_of_stability_is_only_observed():
    found = find("bouncing").judge(healthy(**BOUNCING, observed=["edge of stability"]))
    assert found.severity == "observation"


def test_heavy_momentum_that_climbs_is_named_with_another_momentum():
    known = {"hypers": {"lr": 0.1, "momentum": 0.999}, "losses": noisy(0.0)}
    found = judged("bouncing", uphill=0.5, **known)
    assert "50 % of your probed steps climb" in found.sentence
    assert found.prescription.hypers == {"momentum": 0.9}
    assert judged("bouncing", uphill=0.2, **known) is None
    usual = {**known, "hypers": {"lr": 0.1, "momentum": 0.9}}
    assert judged("bouncing", uphill=0.5, **usual) is None
