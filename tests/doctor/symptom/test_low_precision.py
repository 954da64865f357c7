"""Updates lost to rounding are counted over elements, not over layers."""

import pytest

from tests.doctor.made import judged, layer


@pytest.mark.parametrize(("lost", "severity"), [(0.15, None), (0.3, "warning"), (0.8, "severe")])
def test_a_fifth_of_the_elements_decides(lost, severity):
    found = judged("low-precision", layers=[layer(unrounded=lost, dtype="bfloat16")])
    assert (found and found.severity) == severity
    if found:
        assert "bfloat16" in found.sentence


def test_a_small_layer_weighs_little():
    small = layer("1.bias", shape=(4,), unrounded=1.0, dtype="bfloat16")
    wide = layer(unrounded=0.0, dtype="bfloat16")
    assert judged("low-precision", layers=[wide, small]) is None


def test_in_float32_a_lost_update_is_another_matter():
    assert judged("low-precision", layers=[layer(unrounded=1.0, dtype="float32")]) is None


def test_gradients_flushed_to_zero_ask_for_a_scaled_loss():
    found = judged("low-precision", layers=[layer(flushed=0.4, dtype="float16")])
    assert "GradScaler" in found.prescription.code
    assert judged("low-precision", layers=[layer(flushed=0.1, dtype="float16")]) is None
