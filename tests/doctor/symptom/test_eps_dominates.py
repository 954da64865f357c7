"""eps is too large where a typical gradient is not ten times its size."""

import pytest

from tests.doctor.made import judged, noisy


@pytest.mark.parametrize(
    ("divisor", "severity"), [(20.0, None), (5.0, "warning"), (0.01, "severe")]
)
def test_the_median_quotient_decides(divisor, severity):
    found = judged("eps-dominates", divisor=divisor, hypers={"eps": 0.1})
    assert (found and found.severity) == severity
    if found:
        assert found.prescription.hypers == {"eps": pytest.approx(1e-5)}


def test_at_a_loss_near_zero_small_gradients_are_right():
    solved = noisy(0.0, start=1e-6)
    assert judged("eps-dominates", divisor=0.01, losses=solved) is None


def test_a_stale_average_is_only_observed():
    assert judged("eps-dominates", surprise=3.0).severity == "observation"
    assert judged("eps-dominates", surprise=2.0) is None
