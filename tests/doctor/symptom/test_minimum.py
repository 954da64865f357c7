"""A minimum is observed where no slope, no curvature and no line leads lower."""

import pytest

from tests.doctor.made import judged, near, noisy
from thalweg.doctor.evidence import Estimate

MINIMUM = {
    "gradient_squared": Estimate(0.01, -0.1, 0.2, 12),
    "no_lower": True,
    "bottom": -0.5,
    "losses": noisy(0.0),
}


def test_it_is_observed_and_not_called_a_fault():
    found = judged("minimum", **MINIMUM)
    assert found.severity == "observation"
    assert "-0.1 to 0.2" in found.sentence


@pytest.mark.parametrize(
    "other",
    [
        {"gradient_squared": near(0.5)},
        {"no_lower": False},
        {"bottom": -10.0},
        {"losses": noisy(-0.002)},
        {"gradient_squared": Estimate(0.01, -0.1, 0.2, 2)},
    ],
)
def test_each_condition_is_needed(other):
    assert judged("minimum", **{**MINIMUM, **other}) is None
