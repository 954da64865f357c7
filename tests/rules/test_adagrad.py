"""Adagrad's steps shrink with all gradients so far."""

import math

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of, twin

FLAGS = [
    {},
    {"lr": 0.1, "lr_decay": 0.3},
    {"weight_decay": 0.1, "maximize": True, "initial_accumulator_value": 0.5, "lr_decay": 0.1},
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("adagrad", engine="eager", **flags)


@pytest.mark.parametrize("flags", [FLAGS[0], FLAGS[2]], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("adagrad", engine="cpu", **flags)


def test_a_constant_gradient_is_stepped_along_as_one_over_root_t():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    moved = steps_of(thalweg.Adagrad([x], lr=1.0, eps=0.0), x, [5.0] * 30)
    expected = [-1 / math.sqrt(t) for t in range(1, 31)]
    assert [s.item() for s in moved] == pytest.approx(expected, rel=1e-13)


def test_both_halves_of_a_complex_accumulator_start_where_they_should():
    params = [Parameter(torch.ones(2, dtype=torch.complex128)) for _ in range(2)]
    makers = (thalweg.Adagrad, twin("adagrad"))
    for make, p in zip(makers, params, strict=True):
        opt = make([p], lr=0.1, initial_accumulator_value=0.5)
        p.grad = torch.full_like(p, 1 + 2j)
        opt.step()
    torch.testing.assert_close(*params, rtol=1e-12, atol=0)


def test_eps_may_be_added_inside_the_root():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adagrad([x], lr=1.0, eps=9.0, eps_at="inside")
    assert steps_of(opt, x, [4.0])[0].item() == pytest.approx(-4 / 5, rel=1e-14)


def test_decay_may_be_decoupled():
    x = Parameter(torch.ones(1, dtype=torch.float64))
    opt = thalweg.Adagrad([x], lr=0.5, weight_decay=0.5, decoupled_weight_decay=True)
    assert steps_of(opt, x, [0.0])[0].item() == -0.25
    assert opt.state[x]["sum"].item() == 0
