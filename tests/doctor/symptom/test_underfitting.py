"""Underfitting is what is left when nothing else explains a flat, high loss."""

import pytest

from tests.doctor.made import judged, near, noisy
from thalweg.doctor.evidence import Evaluation

HIGH = {
    "losses": noisy(0.0, start=0.8),
    "evaluations": [Evaluation(step, 0.8, 0.82) for step in range(0, 400, 50)],
}


def test_a_flat_loss_near_a_constant_guess_is_named():
    found = judged("underfitting", **HIGH)
    assert "80 % of what a constant guess costs" in found.sentence


@pytest.mark.parametrize(
    "other",
    [
        {"evaluations": [Evaluation(step, 0.4, 0.41) for step in range(0, 400, 50)]},
        {"evaluations": [Evaluation(step, 0.8, 1.0) for step in range(0, 400, 50)]},
        {"evaluations": HIGH["evaluations"][:4]},
        {"losses": noisy(-0.002)},
        {"critical_probe": near(20.0)},
        {"overfit": 0.9},
        {"expected": None},
    ],
)
def test_each_condition_is_needed(other):
    assert judged("underfitting", **{**HIGH, **other}) is None
