"""A saddle needs clear negative curvature, a measured fall both ways, and no progress."""

import pytest

from tests.doctor.made import judged, noisy, points
from thalweg.doctor.evidence import Estimate

SADDLE = {
    "bottom": -10.0,
    "plain_top": 100.0,
    "falls_both_ways": True,
    "losses": noisy(0.0),
    "lengths": points(*[1.0] * 50, *[0.1] * 50),
}


def test_a_saddle_is_named_with_its_curvatures():
    found = judged("saddle", **SADDLE)
    assert "-10, against 100" in found.sentence
    assert found.prescription.hypers["lr"] == pytest.approx(3e-3)


@pytest.mark.parametrize(
    "other",
    [
        {"bottom": -4.0},
        {"falls_both_ways": False},
        {"losses": noisy(-0.002)},
        {"lengths": points(*[1.0] * 100)},
        {"bottom": None},
        {"lengths": []},
    ],
)
def test_each_condition_is_needed(other):
    assert judged("saddle", **{**SADDLE, **other}) is None


def test_a_slope_within_its_noise_counts_as_none():
    unsure = Estimate(0.01, -0.1, 0.2, 12)
    assert judged("saddle", **{**SADDLE, "lengths": [], "gradient_squared": unsure}) is not None
