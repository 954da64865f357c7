"""Evaluating is exact and leaves no trace."""

import pytest
import torch
from torch import nn

from thalweg.tasks.task import Part, Task
from thalweg.train.evaluate import evaluate


def task(batch):
    return Task("t", "", lambda: None, lambda: None, nn.functional.mse_loss, batch=batch)


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 100])
def test_the_mean_is_over_samples_whatever_the_pieces(batch):
    model = nn.Linear(3, 2).double()
    inputs, targets = torch.randn(23, 3).double(), torch.randn(23, 2).double()
    want = nn.functional.mse_loss(model(inputs), targets).item()
    got = evaluate(model, task(batch), Part(inputs, targets))
    assert got["loss"] == pytest.approx(want, rel=1e-12)


def test_dropout_is_off_and_the_generator_is_not_touched():
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 2))
    part = Part(torch.randn(10, 3), torch.randn(10, 2))
    state = torch.random.get_rng_state()
    assert evaluate(model, task(4), part) == evaluate(model, task(4), part)
    assert torch.random.get_rng_state().equal(state)


def test_each_module_keeps_its_mode_and_its_buffers():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    model[1].eval()  # a frozen layer stays frozen
    mean = model[1].running_mean.clone()
    evaluate(model, task(4), Part(torch.randn(10, 3), torch.randn(10, 2)))
    assert [module.training for module in model.modules()] == [True, True, False, True]
    assert model[1].running_mean.equal(mean)
