"""On quadratics the step ratio is what the closed form says."""

import math

import pytest
import torch

from tests.doctor.valley import CURVES, Valley, data, height
from thalweg.doctor.measure.patient import Patient
from thalweg.doctor.measure.step_ratio import directional_curvature, ratio, ratio_of_losses
from thalweg.doctor.measure.trial import trial
from thalweg.probe.sample import Sample


@pytest.mark.parametrize("lr", [5e-3, 0.1, 0.25, 0.3])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_along_an_eigenvector_it_is_the_rate_times_the_curvature(lr, axis):
    at = tuple(1.0 if place == axis else 0.0 for place in range(3))
    model = Valley(at=at)
    patient = Patient.of(model, torch.optim.SGD(model.parameters(), lr=lr), height)
    found = trial(patient, Sample(*data()), 1)
    assert found.ratio == pytest.approx(lr * CURVES[axis], rel=1e-9)
    assert found.critical == pytest.approx(2 / (lr * CURVES[axis]), rel=1e-6)


def test_across_eigenvectors_it_is_the_curvature_along_the_gradient():
    model = Valley()
    lr, curves = 0.05, model.curves
    slope = curves * model.x.detach()
    along = float((slope.square() * curves).sum() / slope.square().sum())
    patient = Patient.of(model, torch.optim.SGD(model.parameters(), lr=lr), height)
    assert trial(patient, Sample(*data()), 1).ratio == pytest.approx(lr * along, rel=1e-9)


def test_losses_tell_the_same_as_gradients_on_a_quadratic():
    curve, at, step = 3.0, 2.0, -0.4
    before, after = torch.tensor([curve * at]), torch.tensor([curve * (at + step)])
    update = torch.tensor([step])
    by_losses = ratio_of_losses(
        0.5 * curve * at**2, 0.5 * curve * (at + step) ** 2, curve * at * step
    )
    assert by_losses == pytest.approx(ratio(before, after, update), rel=1e-6)
    assert directional_curvature(before, after, update) == pytest.approx(curve, rel=1e-6)


def test_a_step_uphill_has_no_ratio():
    slope = torch.tensor([1.0])
    assert math.isnan(ratio(slope, slope, slope))


def test_dropout_draws_the_same_before_and_after_a_step():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 64), torch.nn.Dropout(0.5), torch.nn.Linear(64, 1)
    )
    patient = Patient.of(
        model, torch.optim.SGD(model.parameters(), lr=1e-7), torch.nn.functional.mse_loss
    )
    found = trial(patient, Sample(torch.randn(32, 4), torch.randn(32, 1)), 5)
    assert abs(found.ratio) < 1e-3  # other draws would give ratios of the order of 1


def test_what_moves_nothing_is_neither_up_nor_down():
    model = Valley()
    patient = Patient.of(model, torch.optim.SGD(model.parameters(), lr=0.0), height)
    found = trial(patient, Sample(*data()), 1)
    assert found.ratio is None
    assert not found.uphill
