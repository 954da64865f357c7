"""The cut is the loss along the optimizer's own step, and leaves nothing behind."""

import copy

import pytest
import torch
from torch import nn

from thalweg.doctor.measure.cut import cut


@pytest.fixture
def run():
    torch.manual_seed(0)
    model = nn.Linear(3, 1).double()
    inputs = torch.randn(32, 3, dtype=torch.float64)
    return model, torch.optim.SGD(model.parameters(), lr=0.05), (inputs, inputs.sum(1, True))


def test_on_a_quadratic_the_parabola_is_the_loss_itself(run):
    model, optimizer, data = run
    found = cut(model, optimizer, nn.functional.mse_loss, data, reach=20.0)
    assert found["multiples"][-1] == 20.0
    assert found["batch"] == pytest.approx(found["parabola"], rel=1e-9)


def test_at_nought_and_one_stand_the_losses_before_and_after_the_step(run):
    model, optimizer, data = run
    found = cut(model, optimizer, nn.functional.mse_loss, data, reach=20.0, batch=32)
    at = dict(zip(found["multiples"], found["batch"], strict=True))
    twin, stepper = copy.deepcopy((model, optimizer))
    before = nn.functional.mse_loss(twin(data[0]), data[1])
    before.backward()
    stepper.step()
    after = nn.functional.mse_loss(twin(data[0]), data[1])
    assert at[0.0] == pytest.approx(before.item(), rel=1e-12)
    assert at[1.0] == pytest.approx(after.item(), rel=1e-12)


def test_model_and_optimizer_are_as_they_were(run):
    model, optimizer, data = run
    optimizer.param_groups[0]["momentum"] = 0.9
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    random = torch.get_rng_state()
    cut(model, optimizer, nn.functional.mse_loss, data)
    assert all(torch.equal(one, before[0][name]) for name, one in model.state_dict().items())
    assert optimizer.state_dict() == before[1]
    assert torch.equal(torch.get_rng_state(), random)
    assert model.weight.grad is None
