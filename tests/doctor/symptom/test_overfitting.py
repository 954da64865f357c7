"""Overfitting needs both slopes, five evaluations, and a rise that matters."""

import pytest

from tests.doctor.made import judged
from thalweg.doctor.evidence import Evaluation


def course(rise: float, *, count: int = 12, train: float = -0.02) -> list[Evaluation]:
    """Validation falls to 1, then rises by so much in all; training goes on."""
    before = [Evaluation(step * 10, 1.5 - 0.02 * step, 1.5 - 0.1 * step) for step in range(5)]
    after = [
        Evaluation(50 + step * 10, 1.4 + train * step, 1 + rise * step / (count - 1))
        for step in range(count)
    ]
    return [*before, *after]


@pytest.mark.parametrize(
    ("rise", "severity"), [(0.1, "observation"), (0.3, "warning"), (1.5, "severe")]
)
def test_the_rise_decides_how_bad_it_is(rise, severity):
    found = judged("overfitting", evaluations=course(rise))
    assert found.severity == severity
    assert "since step 50" in found.sentence


@pytest.mark.parametrize(
    "evaluations",
    [course(0.5, count=5), course(-0.5), course(0.5, train=0.02), course(0.5)[:6], []],
)
def test_each_condition_is_needed(evaluations):
    assert judged("overfitting", evaluations=evaluations) is None


def test_it_triples_the_decay_there_is():
    found = judged("overfitting", evaluations=course(0.5), hypers={"weight_decay": 0.1})
    assert "weight_decay=0.3" in found.prescription.code
