"""The two modes must agree on the same batch, but for strong dropout."""

import pytest

from tests.doctor.made import judged


@pytest.mark.parametrize(("gap", "severity"), [(0.4, None), (0.8, "warning"), (5.0, "severe")])
def test_the_gap_decides(gap, severity):
    found = judged("train-eval-gap", mode_gap=gap, batch_norm=True)
    assert (found and found.severity) == severity


def test_strong_dropout_is_meant_to_differ():
    assert judged("train-eval-gap", mode_gap=0.8, dropout=0.5).severity == "observation"


def test_training_in_eval_mode_is_named_where_it_matters():
    found = judged("train-eval-gap", training=False, batch_norm=True)
    assert "model.train() was forgotten" in found.sentence
    assert judged("train-eval-gap", training=False) is None
