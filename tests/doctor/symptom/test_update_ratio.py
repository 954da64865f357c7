"""Layers should move about a thousandth of themselves, and alike."""

import pytest

from tests.doctor.made import judged, layer, points, stack


@pytest.mark.parametrize(
    ("update", "severity"), [(1e-3, None), (0.05, None), (0.2, "warning"), (2.0, "severe")]
)
def test_a_typical_layer_must_not_move_a_tenth_of_itself(update, severity):
    found = judged("update-ratio", layers=stack("update", update, update, update))
    assert (found and found.severity) == severity


@pytest.mark.parametrize(("least", "said"), [(5e-6, False), (5e-7, True)])
def test_layers_must_not_differ_a_thousandfold(least, said):
    found = judged("update-ratio", layers=stack("update", 1e-3, 1e-3, least))
    assert (found is not None) is said
    if found:
        assert "thalweg.LAMB" in found.prescription.code


def test_tiny_updates_are_only_observed_and_not_in_a_tail():
    tiny = stack("update", 1e-8, 1e-8)
    assert judged("update-ratio", layers=tiny).severity == "observation"
    assert judged("update-ratio", layers=tiny, rates=points(1e-3, 1e-6)) is None


def test_biases_and_zero_weights_are_not_counted():
    bias = layer("0.bias", shape=(8,), update=1.0)
    zero = layer("1.weight", weight=0.0, update=1.0)
    assert judged("update-ratio", layers=[*stack("update", 1e-3, 1e-3), bias, zero]) is None
