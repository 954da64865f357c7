"""Adamax never moves a coordinate further than its learning rate."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of

FLAGS = [{}, {"weight_decay": 0.1, "maximize": True}, {"betas": (0.5, 0.6), "eps": 1e-3}]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("adamax", engine="eager", **flags)


@pytest.mark.parametrize("flags", FLAGS[:2], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("adamax", engine="cpu", **flags)


@given(grads=some.lists(some.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=40))
def test_no_step_is_longer_than_lr(grads):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adamax([x], lr=0.5, engine="eager")
    # Kingma & Ba, section 7.1, for β₁ < β₂.
    assert max(abs(s.item()) for s in steps_of(opt, x, grads)) <= 0.5 * (1 + 1e-12)


def test_eps_is_added_inside_the_maximum():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adamax([x], lr=1.0, eps=1.0)
    assert steps_of(opt, x, [3.0])[0].item() == pytest.approx(-3 / (3 + 1), rel=1e-14)


def test_zero_gradients_stay_finite():
    x = Parameter(torch.ones(1))
    steps_of(thalweg.Adamax([x]), x, [0.0, 0.0])
    assert x.item() == 1.0


def test_eps_may_be_added_outside_the_maximum():
    # The second gradient is below the fading maximum, β₂ · 8 = 4: eps is added to that.
    moved = {}
    for place in ("inside", "outside"):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = thalweg.Adamax([x], lr=1.0, betas=(0.0, 0.5), eps=1.0, eps_at=place)
        moved[place] = steps_of(opt, x, [8.0, 2.0])[1].item()
    assert moved == pytest.approx({"inside": -2 / 4.5, "outside": -2 / 5}, rel=1e-14)


def test_the_paper_divides_by_zero_where_there_was_no_gradient():
    x = Parameter(torch.ones(1))
    steps_of(thalweg.Adamax([x], dialect="paper", engine="oracle"), x, [0.0])
    assert x.isnan().all()
