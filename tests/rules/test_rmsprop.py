"""RMSprop divides by the recent root mean square, and never by the root of a negative number."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of, twin, walk, weights

FLAGS = [
    {},
    {"momentum": 0.9},
    {"centered": True, "eps": 1e-3},
    {"centered": True, "eps": 1e-3, "momentum": 0.5, "weight_decay": 0.1, "maximize": True},
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("rmsprop", engine="eager", **flags)


@pytest.mark.parametrize("flags", [FLAGS[0], FLAGS[3]], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("rmsprop", engine="cpu", **flags)


def test_a_constant_gradient_is_stepped_along_with_lr():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    moved = steps_of(thalweg.RMSprop([x], lr=0.1, alpha=0.5, eps=0.0), x, [7.0] * 80)
    assert moved[-1].item() == pytest.approx(-0.1, rel=1e-12)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_variance_that_rounds_below_zero_counts_as_zero(engine):
    # A constant gradient has no variance: v - a² is rounding noise of either sign.
    x = Parameter(torch.zeros(64))
    opt = thalweg.RMSprop([x], alpha=0.5, centered=True, engine=engine)
    for _ in range(100):
        x.grad = torch.linspace(0.1, 3.3, 64)
        opt.step()
    assert x.isfinite().all()


def test_eps_is_added_after_the_root():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.RMSprop([x], lr=1.0, alpha=0.75, eps=1.0)
    assert steps_of(opt, x, [4.0])[0].item() == pytest.approx(-4 / (2 + 1), rel=1e-14)


def test_a_momentum_that_is_raised_from_zero_works_from_then_on():
    ours, theirs = weights(), weights()
    mine, other = thalweg.RMSprop(ours), twin("rmsprop")(theirs, foreach=False, momentum=1e-30)
    for opt, params in ((mine, ours), (other, theirs)):
        walk(opt, params, 3)
        opt.param_groups[0]["momentum"] = 0.9
        if opt is other:  # torch makes the buffer only at the first step of all
            for state in opt.state.values():
                state["momentum_buffer"].zero_()
        walk(opt, params, 5, seed=2)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_eps_may_be_added_inside_the_root():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.RMSprop([x], lr=1.0, alpha=0.75, eps=5.0, eps_at="inside")
    assert steps_of(opt, x, [4.0])[0].item() == pytest.approx(-4 / 3, rel=1e-14)


def test_in_the_velocity_form_old_steps_keep_the_lr_that_they_were_taken_with():
    moved = {}
    for form in ("sum", "velocity"):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = thalweg.RMSprop([x], lr=1.0, alpha=0.0, eps=0.0, momentum=0.5, form=form)
        steps_of(opt, x, [3.0])
        opt.param_groups[0]["lr"] = 0.1
        moved[form] = steps_of(opt, x, [3.0])[0].item()
    # Each gradient alone is a step of lr: 0.1 (1 + 0.5), or 0.1 + 0.5 · 1.
    assert moved == pytest.approx({"sum": -0.15, "velocity": -0.6}, rel=1e-14)
