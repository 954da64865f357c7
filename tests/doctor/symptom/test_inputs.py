"""Inputs must be of about unit spread, column by column."""

import pytest

from tests.doctor.made import judged


@pytest.mark.parametrize(
    ("scale", "severity"),
    [
        ((0.1, 1.0, 20.0), None),
        ((0.1, 1.0, 50.0), "warning"),
        ((0.1, 1.0, 5000.0), "severe"),
        ((1e-3, 0.01, 2.0), "warning"),
        (None, None),
    ],
)
def test_the_widest_column_decides(scale, severity):
    found = judged("inputs", input_scale=scale)
    assert (found and found.severity) == severity
