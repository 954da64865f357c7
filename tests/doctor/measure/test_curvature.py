"""Curvature against dense eigenvalues, and edges against runs on either side of them."""

import pytest
import torch
from torch import nn
from torch.autograd.functional import hessian
from torch.func import functional_call

from tests.doctor.valley import CURVES, Valley, data, height
from thalweg.doctor.measure.curvature import change, edge_of, groups, measure, no_lower
from thalweg.doctor.measure.rule import divisor, hypers_of, name_of
from thalweg.probe.probe import Probe


def test_a_quadratic_s_curvature_is_exact():
    found = measure(Probe.of(Valley(), height, data()), torch.ones(3, dtype=torch.float64))
    assert found.top == pytest.approx(max(CURVES), rel=1e-9)
    assert found.bottom == pytest.approx(min(CURVES), rel=1e-9)
    assert not found.falls_both_ways


def test_lanczos_agrees_with_dense_eigenvalues_plain_and_through_adam_s_scale():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    inputs, targets = torch.randn(96, 6).double(), torch.randint(3, (96,))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(5):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    probe = Probe.of(model, nn.functional.cross_entropy, (inputs, targets))
    named = dict(model.named_parameters())
    scale = divisor(optimizer, named, probe.weights)
    found = measure(probe, probe.here(), scale)

    def flat_loss(vector):
        return nn.functional.cross_entropy(
            functional_call(model, probe.weights.named(vector), inputs), targets
        )

    dense = hessian(flat_loss, probe.here())
    plain = torch.linalg.eigvalsh(dense)
    seen = torch.linalg.eigvalsh(dense / (scale[:, None] * scale[None, :]).sqrt())
    assert found.plain_top == pytest.approx(float(plain[-1]), rel=0.01)
    assert found.bottom == pytest.approx(float(plain[0]), rel=0.05, abs=1e-4)
    assert found.top == pytest.approx(float(seen[-1]), rel=0.01)


def run(make, lr: float, steps: int = 400) -> float:
    """Height reached, over the height at the start."""
    model = Valley(at=(1e-3, 1e-3, 1e-3))
    inputs, targets = data(2)
    optimizer = make(model.parameters(), lr)
    first = float(height(model(inputs), targets).detach())
    for _ in range(steps):
        optimizer.zero_grad()
        height(model(inputs), targets).backward()
        optimizer.step()
    return float(height(model(inputs), targets).detach()) / first


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
def test_gradient_descent_and_heavy_ball_diverge_just_above_their_edge_only(momentum, nesterov):
    nesterov = nesterov and momentum > 0

    def make(params, lr):
        return torch.optim.SGD(params, lr=lr, momentum=momentum, nesterov=nesterov)

    model = Valley()
    optimizer = make(model.parameters(), 0.1)
    found = measure(Probe.of(model, height, data()), torch.ones(3, dtype=torch.float64))
    edge = edge_of(name_of(optimizer), hypers_of(optimizer), found, None)
    assert run(make, 0.98 * edge) < 1
    assert run(make, 1.02 * edge) > 10


def test_adam_with_a_frozen_scale_diverges_just_above_38_over_the_curvature():
    """Adam's gradient average over a scale that stays: v is set and beta2 keeps it."""

    def make(params, lr):
        params = list(params)
        optimizer = torch.optim.Adam(params, lr=lr, betas=(0.9, 1 - 1e-15), eps=0.0)
        frozen = torch.full_like(params[0], 4.0)
        optimizer.state[params[0]] = {
            "step": torch.tensor(1e17),  # past all bias corrections
            "exp_avg": torch.zeros_like(params[0]),
            "exp_avg_sq": frozen,
        }
        return optimizer

    model = Valley()
    optimizer = make(model.parameters(), 0.1)
    probe = Probe.of(model, height, data())
    scale = divisor(optimizer, dict(model.named_parameters()), probe.weights)
    found = measure(probe, probe.here(), scale)
    assert found.top == pytest.approx(max(CURVES) / 2, rel=1e-6)
    edge = edge_of("adam", hypers_of(optimizer), found, scale)
    assert edge == pytest.approx(38 / (max(CURVES) / 2), rel=1e-6)
    # Sixty steps: later the growing gradients would move even this scale.
    assert run(make, 0.98 * edge, steps=60) < 1
    assert run(make, 1.02 * edge, steps=60) > 10


class Saddle(nn.Module):
    def __init__(self):
        super().__init__()
        self.x = nn.Parameter(torch.tensor([0.0, 1.0], dtype=torch.float64))

    def forward(self, inputs):
        return (-self.x[0].square() + self.x[1].square()) * (1 + 0.1 * inputs[:, 0])


def test_a_saddle_falls_both_ways():
    torch.manual_seed(0)
    values = (torch.randn(256, 1).double(), torch.zeros(256).double())
    probe = Probe.of(Saddle(), height, values)
    found = measure(probe, probe.here())
    assert found.bottom < 0
    assert found.falls_both_ways


def test_nothing_is_lower_at_the_minimum_and_something_is_beside_it():
    probe = Probe.of(Valley(), height, data())
    bottom = torch.zeros(3, dtype=torch.float64)
    update = torch.full((3,), 1e-3, dtype=torch.float64)
    assert no_lower(probe, bottom + 1e-12, update)
    assert not no_lower(probe, bottom + 1, update)


def test_a_change_is_measured_in_its_own_standard_errors():
    torch.manual_seed(0)
    model = nn.Linear(1, 1)
    probe = Probe.of(model, nn.functional.mse_loss, (torch.randn(512, 1), torch.randn(512, 1)))
    here = probe.here()
    assert change(probe, here, groups(probe, here)) == 0
    assert change(probe, here + 3, groups(probe, here)) > 3
