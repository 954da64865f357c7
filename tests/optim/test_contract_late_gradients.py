"""A parameter may get its first gradient at any step, lose it, and get it back."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.optim.problem import (
    NAMES,
    TWINS,
    decaying,
    forms,
    kind,
    same,
    twin,
    values,
    weights,
    wide,
)
from thalweg.schedules import ramp

# Which of two parameters have a gradient at each step.
PRESENT = [(1, 0), (1, 0), (1, 1), (0, 1), (0, 0), (1, 1), (1, 1), (0, 1), (1, 1)]


def stroll(opt, params):
    for t, present in enumerate(PRESENT):
        draw = torch.Generator().manual_seed(t)
        for p, there in zip(params, present, strict=True):
            grad = torch.randn(p.shape, generator=draw, dtype=torch.float64)
            p.grad = grad if there else None
        opt.step()
    return values(params)


def pair():
    return weights(shapes=[(4,), (2, 3)])


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("engine", ["auto", "eager"])
def test_gradients_that_come_and_go_follow_torch(name, engine):
    ours, theirs = pair(), pair()
    flags = forms(name) if engine == "eager" else {}
    with wide():
        expected = stroll(twin(name)(theirs, foreach=False, **flags), theirs)
    found = stroll(kind(name)(ours, engine=engine, **flags), ours)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


def test_the_first_gradient_is_undamped_whenever_it_comes():
    ours, theirs = pair(), pair()
    flags = {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}
    expected = stroll(torch.optim.SGD(theirs, foreach=False, **flags), theirs)
    for mine, other in zip(stroll(thalweg.SGD(ours, **flags), ours), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_a_latecomer_counts_its_own_steps(name):
    a, b = pair()
    opt = kind(name)([a, b])
    stroll(opt, [a, b])
    assert [opt.state[p]["step"] for p in (a, b)] == [6, 6]


@pytest.mark.parametrize("name", NAMES)
def test_a_frozen_member_never_moves(name):
    a, b = pair()
    b.requires_grad_(False)
    before = b.clone()
    opt = kind(name)([a, b], **decaying(name, 0.1))
    for _ in range(2):
        (a * a).sum().backward()
        opt.step()
    assert torch.equal(b, before)


def test_zeros_left_by_zero_grad_are_gradients():
    p = Parameter(torch.ones(2))
    opt = thalweg.SGD([p], lr=0.1, momentum=0.9)
    p.grad = torch.ones(2)
    opt.step()
    opt.zero_grad(set_to_none=False)
    before = p.detach().clone()
    opt.step()
    assert p.lt(before).all()
    opt.zero_grad()
    before = p.detach().clone()
    opt.step()
    assert torch.equal(p, before)


def test_a_schedule_does_not_go_back_when_only_a_latecomer_has_a_gradient():
    a, b = (Parameter(torch.zeros(1)) for _ in range(2))
    opt = thalweg.SGD([a, b], lr=ramp(1.0, 0.0, steps=10))
    a.grad = torch.ones(1)
    for _ in range(5):
        opt.step()
    a.grad, b.grad = None, torch.ones(1)
    opt.step()
    assert opt.param_groups[0]["lr"] == 0.5


def test_resuming_with_a_latecomer_is_the_same_run():
    ours, theirs = pair(), pair()
    one, two = thalweg.Adam(ours), thalweg.Adam(theirs)
    stroll(one, ours), stroll(two, theirs)
    fresh = thalweg.Adam(theirs)
    fresh.load_state_dict(two.state_dict())
    assert same(stroll(one, ours), stroll(fresh, theirs))
