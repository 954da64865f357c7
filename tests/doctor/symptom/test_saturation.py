"""Half of an inner layer's outputs must be flat."""

import pytest

from tests.doctor.made import activation, judged


@pytest.mark.parametrize(
    ("saturated", "severity"), [(0.45, None), (0.6, "warning"), (0.8, "severe")]
)
def test_the_share_decides(saturated, severity):
    found = judged("saturation", activations=[activation(kind="Tanh", saturated=saturated)])
    assert (found and found.severity) == severity


def test_a_confident_last_sigmoid_is_well():
    inner, last = activation("1", "Tanh"), activation("3", "Sigmoid", saturated=0.9)
    assert judged("saturation", activations=[inner, last]) is None
    assert judged("saturation", activations=[last, inner]) is not None
