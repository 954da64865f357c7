"""Half of a layer must be dead, over enough samples."""

import pytest

from tests.doctor.made import activation, judged
from thalweg.doctor.symptom import find


@pytest.mark.parametrize(("dead", "severity"), [(0.45, None), (0.6, "warning"), (0.95, "severe")])
def test_the_share_of_a_layer_decides(dead, severity):
    found = judged("dead-units", activations=[activation(dead=dead)])
    assert (found and found.severity) == severity


def test_too_few_samples_prove_no_death_unless_they_are_all():
    least = int(find("dead-units").thresholds["samples"])
    few = [activation(dead=0.9, samples=least - 1)]
    assert judged("dead-units", activations=few) is None
    assert judged("dead-units", activations=few, samples=least - 1) is not None


def test_the_worst_layer_is_named_and_the_others_counted():
    found = judged(
        "dead-units", activations=[activation("1", dead=0.6), activation("3", dead=0.99)]
    )
    assert "99 % of the 100 units of 3 (ReLU)" in found.sentence
    assert "So is much of 1" in found.sentence
    assert "set_submodule('3'" in found.prescription.code
