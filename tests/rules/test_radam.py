"""RAdam waits until its second moment can be trusted."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of

FLAGS = [
    {},
    {"weight_decay": 0.1, "betas": (0.9, 0.7)},
    {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
    {"betas": (0.9, 0.5)},
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("radam", engine="eager", **flags)


@pytest.mark.parametrize("flags", [FLAGS[0], FLAGS[2]], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("radam", engine="cpu", **flags)


def first_scale_free_step(beta2, steps=40):
    """The first step whose length does not double when all gradients do."""
    lengths = []
    for size in (1.0, 2.0):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = thalweg.RAdam([x], lr=1.0, betas=(0.9, beta2), eps=0.0, engine="eager")
        lengths.append([s.item() for s in steps_of(opt, x, [size] * steps)])
    same = [abs(a - b) < 1e-9 for a, b in zip(*lengths, strict=True)]
    return same.index(True) + 1 if any(same) else None


@pytest.mark.parametrize(("beta2", "step"), [(0.999, 6), (0.9, 6), (0.7, 10), (0.6, None)])
def test_it_switches_when_more_than_five_gradients_are_remembered(beta2, step):
    assert first_scale_free_step(beta2) == step


def test_a_beta2_of_zero_never_divides_by_zero():
    x = Parameter(torch.zeros(1))
    steps_of(thalweg.RAdam([x], betas=(0.9, 0.0)), x, [1.0, 2.0])
    assert x.isfinite().all()


def test_before_the_switch_it_is_momentum_without_scaling():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    moved = steps_of(thalweg.RAdam([x], lr=0.5), x, [8.0] * 5)
    assert [s.item() for s in moved] == pytest.approx([-4.0] * 5, rel=1e-12)
