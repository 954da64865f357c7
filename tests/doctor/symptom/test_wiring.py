"""The wiring check that fails is named; none of them speaks of a sound run."""

import pytest

from tests.doctor.made import activation, judged
from thalweg.doctor.evidence import Evaluation


@pytest.mark.parametrize(("left", "said"), [(0.4, False), (0.7, True)])
def test_sixteen_samples_must_be_learnable(left, said):
    found = judged("wiring", overfit=left)
    assert (found is not None) is said
    if found:
        assert "70 % of its loss is left" in found.sentence
        assert "not an optimizer problem" in found.sentence


def test_zeroed_inputs_that_change_nothing_say_why():
    assert "does not look at its inputs" in judged("wiring", overfit=0.9, blind=1e-3).sentence
    assert "does not look at" not in judged("wiring", overfit=0.9, blind=0.5).sentence


def test_a_model_that_has_learned_nothing_yet_is_not_blind():
    assert judged("wiring", blind=1e-3) is None


def test_dead_or_saturated_layers_are_another_matter():
    dead = [activation(dead=1.0)]
    flat = [activation(kind="Tanh", saturated=0.9)]
    assert judged("wiring", overfit=0.9, activations=dead) is None
    assert judged("wiring", overfit=0.9, activations=flat) is None


@pytest.mark.parametrize(("ratio", "said"), [(1.2, False), (1.02, True)])
def test_shuffled_labels_must_teach_less(ratio, said):
    assert (judged("wiring", shuffled=ratio) is not None) is said


def test_a_run_that_does_well_on_held_out_samples_has_labels_that_tell():
    good = [Evaluation(400, 0.3, 0.35)]
    assert judged("wiring", shuffled=1.02, evaluations=good) is None


def test_a_high_initial_loss_is_only_observed():
    assert judged("wiring", initial=3.0).severity == "observation"
    assert judged("wiring", initial=1.5) is None
    assert judged("wiring", initial=3.0, loss_kind="regression") is None
