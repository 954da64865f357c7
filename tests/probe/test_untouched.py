"""Afterwards everything is as it was."""

import copy

import pytest
import torch
from torch import nn

import thalweg
from thalweg.probe import untouched

KINDS = {
    "torch.AdamW": lambda params: torch.optim.AdamW(params, 0.1, amsgrad=True),
    "torch.SGD": lambda params: torch.optim.SGD(params, 0.1, momentum=0.9),
    "torch.LBFGS": lambda params: torch.optim.LBFGS(params, 0.1, max_iter=3),
    "thalweg.AdamW": lambda params: thalweg.AdamW(params, lr=0.1),
    "thalweg.Prodigy": thalweg.Prodigy,
}


def steps(model: nn.Module, optimizer: torch.optim.Optimizer, count: int) -> list[float]:
    torch.manual_seed(3)
    inputs = torch.randn(16, 4)

    def closure() -> float:
        optimizer.zero_grad()
        loss = model(inputs).square().mean()
        loss.backward()
        return loss.item()

    return [float(optimizer.step(closure)) for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [None, ValueError, KeyboardInterrupt])
def test_a_run_goes_on_as_if_nobody_had_looked(kind, stop):
    def run(look: bool) -> tuple[list[float], list[bytes]]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
        optimizer = KINDS[kind](model.parameters())
        steps(model, optimizer, 3)
        if look:
            meddle(model, optimizer, stop)
        losses = steps(model, optimizer, 3)
        return losses, [one.numpy().tobytes() for one in model.state_dict().values()]

    assert run(True) == run(False)


def meddle(model, optimizer, stop):
    try:
        with untouched(model, optimizer):
            steps(model, optimizer, 2)
            optimizer.param_groups[0]["lr"] = 7.0
            model.eval()
            model[0].weight.requires_grad_(False)
            model[0].bias.grad = None
            torch.manual_seed(99)
            if stop is not None:
                raise stop
    except (ValueError, KeyboardInterrupt):
        pass


def test_identities_survive():
    model = nn.Linear(2, 2)
    model(torch.ones(1, 2)).sum().backward()
    weight, slope = model.weight, model.weight.grad
    value = copy.deepcopy(slope)
    with untouched(model):
        model.weight.grad = None
        model(torch.zeros(1, 2)).sum().backward()
    assert model.weight is weight
    assert model.weight.grad is slope
    assert torch.equal(slope, value)


def test_a_replaced_buffer_comes_back():
    model = nn.BatchNorm1d(2)
    held = model.running_mean
    with untouched(model):
        model.running_mean = torch.ones(2)
    assert model.running_mean is held
