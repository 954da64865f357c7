"""Gradients of a bouncing run point against each other, those of a crawling one along."""

import pytest
import torch

from tests.doctor.valley import Valley, data, height
from thalweg.doctor.measure.alignment import pflug, successive
from thalweg.doctor.measure.patient import Patient
from thalweg.doctor.measure.trial import trials
from thalweg.probe.sample import Sample


def gradients(lr: float) -> list[torch.Tensor]:
    model = Valley(curves=(1.0,), at=(1.0,))
    patient = Patient.of(model, torch.optim.SGD(model.parameters(), lr=lr), height)
    return [one.gradient for one in trials(patient, [Sample(*data())] * 6, None)]


@pytest.mark.parametrize(("lr", "sign"), [(0.01, 1), (1.9, -1)])
def test_the_sign_tells_crawling_from_bouncing(lr, sign):
    found = gradients(lr)
    assert successive(found).value == pytest.approx(sign)
    assert pflug(found) == pytest.approx(sign)


def test_halves_of_a_batch_without_noise_agree():
    model = Valley()
    patient = Patient.of(model, torch.optim.SGD(model.parameters(), lr=0.01), height)
    (found,) = trials(patient, [Sample(*data())], None)
    assert found.reliability == pytest.approx(1.0)


def test_one_gradient_has_nothing_to_agree_with():
    assert successive([torch.ones(2)]) is None
    assert pflug([torch.ones(2)]) is None
