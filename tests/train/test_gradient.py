"""A batch in pieces has the gradient of the whole batch."""

import pytest
import torch
from torch import nn

from thalweg.train.gradient import DivergenceError, clip, set_gradient


@pytest.mark.parametrize("pieces", [1, 2, 3, 5, 23, 100])
def test_pieces_give_the_gradient_of_the_whole_batch(pieces):
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    inputs, targets = torch.randn(23, 4).double(), torch.randn(23, 2).double()
    whole = nn.functional.mse_loss(model(inputs), targets)
    want = torch.autograd.grad(whole, list(model.parameters()))
    value = set_gradient(model, nn.functional.mse_loss, inputs, targets, pieces=pieces)
    assert value == pytest.approx(whole.item(), rel=1e-12)
    for param, grad in zip(model.parameters(), want, strict=True):
        torch.testing.assert_close(param.grad, grad, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_loss_that_is_not_finite_leaves_no_gradient(pieces):
    model = nn.Linear(1, 1)
    inputs = torch.tensor([[float("inf")], [1.0]])
    with pytest.raises(DivergenceError):
        set_gradient(model, nn.functional.mse_loss, inputs, torch.zeros(2, 1), pieces=pieces)
    assert model.weight.grad is None


def test_clipping_keeps_the_direction_and_bounds_the_joint_length():
    params = [torch.zeros(3), torch.zeros(2, 2)]
    for param in params:
        param.grad = torch.randn_like(param) * 10
    before = torch.cat([param.grad.flatten() for param in params])
    clip(params, 0.5)
    after = torch.cat([param.grad.flatten() for param in params])
    assert after.norm().item() == pytest.approx(0.5, rel=1e-4)
    assert torch.cosine_similarity(before, after, dim=0).item() == pytest.approx(1)
