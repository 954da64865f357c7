"""A gradient that is not this batch's is named by how far off it is."""

import pytest

from tests.doctor.made import judged


@pytest.mark.parametrize(
    ("stale", "severity"), [(None, None), (5e-4, None), (2e-3, "warning"), (3.0, "severe")]
)
def test_rounding_is_allowed_and_no_more(stale, severity):
    found = judged("stale-gradients", stale=stale)
    assert (found and found.severity) == severity


def test_it_prescribes_zero_grad():
    assert "optimizer.zero_grad()" in judged("stale-gradients", stale=1.0).prescription.code
