"""AdamW decays weights past the averages."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of, walk, weights

FLAGS = [
    {},
    {"weight_decay": 0.0},
    {"amsgrad": True, "maximize": True, "weight_decay": 0.3},
    {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-4},
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("adamw", engine="eager", **flags)


@pytest.mark.parametrize("flags", [FLAGS[0], FLAGS[2]], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("adamw", engine="cpu", **flags)


def test_a_weight_without_gradient_decays_by_one_minus_lr_times_wd_each_step():
    x = Parameter(torch.full((1,), 3.0, dtype=torch.float64))
    steps_of(thalweg.AdamW([x], lr=0.1, weight_decay=0.01), x, [0.0] * 50)
    expected = 3.0
    for _ in range(50):
        expected *= 1 - 0.1 * 0.01
    assert x.item() == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_decay_it_is_adam_bit_for_bit(dtype):
    plain, decoupled = weights(dtype), weights(dtype)
    walk(thalweg.Adam(plain, lr=0.1), plain, 30)
    walk(thalweg.AdamW(decoupled, lr=0.1, weight_decay=0.0), decoupled, 30)
    assert all(torch.equal(a, b) for a, b in zip(plain, decoupled, strict=True))


def test_decay_leaves_the_averages_alone():
    x = Parameter(torch.ones(1))
    opt = thalweg.AdamW([x], lr=0.1, weight_decay=0.5)
    steps_of(opt, x, [0.0])
    assert opt.state[x]["exp_avg"].item() == 0


def test_bfloat16_weights_decay_through_steps_that_round_once():
    # 1 - 1e-3 rounds to 1 in bfloat16: decay on its own, rounded before the step, does nothing.
    x = Parameter(torch.full((1,), 1.0, dtype=torch.bfloat16))
    steps_of(thalweg.AdamW([x], lr=1.0, weight_decay=1e-3, eps=1e4), x, [30.0])
    assert x.item() == torch.tensor(0.999 - 30 / (30 + 1e4)).bfloat16().item() != 1.0


def test_the_place_of_eps_and_the_kind_of_amsgrad_are_adam_s():
    plain, decoupled = weights(), weights()
    flags = {"lr": 0.1, "eps": 1e-2, "eps_at": "hat", "amsgrad": True, "amsgrad_max": "after"}
    walk(thalweg.Adam(plain, **flags), plain, 30)
    walk(thalweg.AdamW(decoupled, weight_decay=0.0, **flags), decoupled, 30)
    assert all(torch.equal(a, b) for a, b in zip(plain, decoupled, strict=True))
