"""Dead, dormant and saturated units, put there on purpose and counted."""

import pytest
import torch
from torch import nn

from thalweg.doctor.measure.activations import look, measure
from thalweg.doctor.measure.patient import Patient
from thalweg.probe.sample import Sample


def measured(model, inputs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    patient = Patient.of(model, optimizer, nn.functional.mse_loss)
    return measure(patient, Sample(inputs, inputs))


def test_units_that_never_fire_are_dead():
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    with torch.no_grad():
        model[0].bias[:6] = -100
        model[0].bias[6:] = 100
    (found,) = measured(model, torch.randn(256, 3))
    assert (found.name, found.kind, found.units) == ("1", "ReLU", 8)
    assert (found.dead, found.dormant, found.samples) == (0.75, 0.75, 256)


def test_a_channel_of_a_picture_is_one_unit():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 4), nn.ReLU())
    with torch.no_grad():
        model[0].bias[0] = -100
    first, second = measured(model, torch.randn(64, 1, 4, 4))
    assert (first.units, second.units) == (4, 4)
    assert first.dead >= 0.25


def test_functions_are_seen_where_no_module_is():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(3, 5)

        def forward(self, x):
            return torch.tanh(100 * self.first(x)) + self.first(x).relu() + torch.sigmoid(x[:, :1])

    found = measured(Model(), torch.randn(128, 3))
    assert [one.kind for one in found] == ["Tanh", "ReLU", "Sigmoid"]
    assert found[0].saturated > 0.9
    assert found[2].saturated < 0.2


def test_steps_of_a_recurrent_net_are_seen():
    model = nn.Sequential()
    model.cell = nn.RNN(3, 6, batch_first=True)
    with torch.no_grad():
        model.cell.weight_ih_l0.mul_(1000)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = model.cell

        def forward(self, x):
            return self.cell(x)[0]

    (found,) = measured(Model(), torch.randn(32, 5, 3))
    assert (found.name, found.kind, found.units) == ("cell", "RNN", 6)
    assert found.saturated > 0.9


def test_dropped_units_are_not_dead():
    model = nn.Sequential(nn.Linear(3, 50), nn.Dropout(0.9), nn.ReLU())
    with torch.no_grad():
        model[0].bias.fill_(50)
    (found,) = measured(model, torch.randn(2, 3))
    assert found.dead == 0


@pytest.mark.parametrize(("value", "flat"), [(0.99, 1.0), (0.5, 0.0), (0.01, 1.0)])
def test_a_sigmoid_is_flat_at_both_ends(value, flat):
    assert look("gate", "sigmoid", torch.full((4, 2), value), -1).saturated == flat
