"""Adadelta steps in the units of the weights."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of

FLAGS = [{}, {"rho": 0.5, "eps": 1e-3}, {"weight_decay": 0.1, "maximize": True, "lr": 0.3}]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("adadelta", engine="eager", **flags)


@pytest.mark.parametrize("flags", [FLAGS[0], FLAGS[2]], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("adadelta", engine="cpu", **flags)


def test_scaling_gradients_by_a_power_of_two_changes_almost_nothing():
    # Zeiler 2012, section 3.2: the units of the gradient cancel, but for eps.
    ends = []
    for scale in (1.0, 2.0**20):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = thalweg.Adadelta([x], eps=1e-12)
        # The size of the first step is all eps; from then on steps measure themselves.
        steps_of(opt, x, [scale * g for g in (1.0, -2.0, 3.0, 0.5)])
        ends.append(x.item())
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)


def test_the_first_step_is_root_eps_over_the_root_of_the_new_share():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    moved = steps_of(thalweg.Adadelta([x], rho=0.75, eps=1e-8), x, [1e6])
    assert moved[0].item() == pytest.approx(-((1e-8 / 0.25) ** 0.5), rel=1e-12)


def test_decay_may_be_decoupled():
    x = Parameter(torch.ones(1, dtype=torch.float64))
    opt = thalweg.Adadelta([x], lr=0.5, weight_decay=0.5, decoupled_weight_decay=True)
    assert steps_of(opt, x, [0.0])[0].item() == -0.25
    assert opt.state[x]["square_avg"].item() == 0
