"""Who moves, who is owned, what decay and rounding take: against the arithmetic done by hand."""

import pytest
import torch
from torch import nn

from thalweg.doctor.measure.layers import measure
from thalweg.doctor.measure.patient import Patient
from thalweg.probe.sample import Sample


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.late, self.early = nn.Linear(4, 1), nn.Linear(3, 4)

    def forward(self, x):
        return self.late(torch.tanh(self.early(x)))


def batch() -> Sample:
    return Sample(torch.randn(32, 3), torch.randn(32, 1))


def look(model, optimizer, some=None):
    patient = Patient.of(model, optimizer, nn.functional.mse_loss)
    found, notes = measure(patient, some or batch())
    assert notes == []
    return {one.name: one for one in found}


def test_depth_is_the_order_of_the_calls_not_of_the_attributes():
    model = Two()
    found = look(model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert found["early.weight"].depth < found["late.weight"].depth


def test_frozen_forgotten_and_moving_parameters_are_told_apart():
    model = Two()
    model.early.bias.requires_grad_(False)
    found = look(model, torch.optim.SGD([model.late.weight, model.early.weight], lr=0.1))
    assert (found["early.bias"].trainable, found["early.bias"].gradient) == (False, None)
    assert (found["late.bias"].owned, found["late.bias"].moved) == (False, False)
    assert found["late.bias"].gradient > 0
    assert (found["late.weight"].owned, found["late.weight"].moved) == (True, True)


def test_norms_are_those_of_a_step_by_hand():
    model, some = Two(), batch()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nn.functional.mse_loss(model(some.inputs), some.targets).backward()
    wanted = float(model.late.weight.grad.norm())
    found = look(model, optimizer, some)["late.weight"]
    assert found.gradient == pytest.approx(wanted, rel=1e-5)
    assert found.update == pytest.approx(0.1 * wanted, rel=1e-4)
    assert found.weight == pytest.approx(float(model.late.weight.detach().norm()), rel=1e-6)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_decay_is_the_rate_times_its_coefficient_times_the_weights(kind):
    model = Two()
    found = look(model, kind(model.parameters(), lr=0.01, weight_decay=0.5))["late.weight"]
    wanted = 0.01 * 0.5 * float(model.late.weight.detach().norm())
    assert found.decay == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize(("lr", "lost"), [(1e-6, 1.0), (1.0, 0.0)])
def test_updates_below_half_a_unit_in_the_last_place_are_lost(lr, lost):
    model = Two().bfloat16()
    some = Sample(torch.randn(32, 3).bfloat16(), torch.randn(32, 1).bfloat16())
    found = look(model, torch.optim.SGD(model.parameters(), lr=lr), some)
    assert found["late.weight"].unrounded == pytest.approx(lost, abs=0.26)
    assert found["late.weight"].dtype == "bfloat16"


def test_float32_loses_updates_a_hundred_million_times_smaller_than_the_weights():
    model = Two()
    found = look(model, torch.optim.Adam(model.parameters(), lr=1e-10))
    assert found["early.weight"].unrounded > 0.9


def test_gradients_below_half_precision_s_range_are_counted_as_flushed():
    model = nn.Linear(3, 1).half()
    some = Sample(torch.full((4, 3), 1e-3).half(), torch.zeros(4, 1).half())

    def tiny(output, targets):
        return ((output - targets) * 1e-5).mean()

    patient = Patient.of(model, torch.optim.SGD(model.parameters(), lr=0.1), tiny)
    found, _ = measure(patient, some)
    assert {one.name: one.flushed for one in found}["weight"] == 1.0
