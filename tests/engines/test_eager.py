"""Eager reads a gradient and never writes it, whatever the rule does."""

import pytest
import torch

import thalweg
from thalweg.rules.kinds import Rate


def rude(param, grad, *, step: int, lr: Rate = 0.1):
    grad *= 2
    return param - lr * grad


def test_a_rule_that_writes_into_its_gradient_is_told_so():
    param = torch.nn.Parameter(torch.ones(3))
    param.grad = torch.ones(3)
    with pytest.raises(RuntimeError, match=r"rude wrote into its gradient.*say grad = 2 \* grad"):
        thalweg.optimizer(rude)([param], engine="eager").step()
    param.grad = torch.ones(3)
    thalweg.optimizer(rude)([param], engine="cpu").step()
    assert torch.equal(param.grad, torch.ones(3))
