"""SGDW decays weights past the velocity."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights

FLAGS = [
    {"momentum": 0.0},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3},
    {"momentum": 0.9, "nesterov": True, "maximize": True},
]


def with_torch(params, steps, *, lr, wd, **flags):
    """Torch's SGD without decay, and before each of its steps the decay by hand."""
    opt = torch.optim.SGD(params, lr=lr, foreach=False, **flags)
    for grads in gradients(steps):
        for param, grad in zip(params, grads, strict=True):
            param.data.mul_(1 - lr * wd)
            param.grad = grad.clone()
        opt.step()
    return [p.detach() for p in params]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_is_torch_s_sgd_after_a_decay(flags, engine):
    ours, theirs = weights(), weights()
    found = walk(thalweg.SGDW(ours, lr=0.1, weight_decay=0.3, engine=engine, **flags), ours, 60)
    expected = with_torch(theirs, 60, lr=0.1, wd=0.3, **flags)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("form", ["sum", "average", "velocity"])
def test_without_decay_it_is_sgd_bit_for_bit(form):
    ours, theirs = weights(), weights()
    walk(thalweg.SGDW(ours, lr=0.1, weight_decay=0.0, form=form), ours, 20)
    walk(thalweg.SGD(theirs, lr=0.1, momentum=0.9, form=form), theirs, 20)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_velocity_form_is_the_paper_s_algorithm_while_lr_changes():
    grads, rates = [1.0, -2.0, 0.5, 3.0, 0.0], [0.1, 0.1, 0.05, 0.2, 0.01]
    x = Parameter(torch.ones(1, dtype=torch.float64))
    opt = thalweg.SGDW([x], momentum=0.9, weight_decay=0.3, form="velocity", engine="eager")
    theta, m = 1.0, 0.0
    for lr, g in zip(rates, grads, strict=True):
        opt.param_groups[0]["lr"] = lr
        steps_of(opt, x, [g])
        # Algorithm 1: the momentum takes the rate of its step with it; λ times lr, as in torch.
        m = 0.9 * m + lr * g
        theta = theta - m - lr * 0.3 * theta
        assert x.item() == pytest.approx(theta, rel=1e-13)


def test_a_weight_without_gradient_decays_by_one_minus_lr_times_wd_each_step():
    x = Parameter(torch.full((1,), 3.0, dtype=torch.float64))
    steps_of(thalweg.SGDW([x], lr=0.1, weight_decay=0.01), x, [0.0] * 50)
    expected = 3.0
    for _ in range(50):
        expected *= 1 - 0.1 * 0.01
    assert x.item() == expected


def test_a_coupled_decay_is_stronger_by_the_gain_of_the_velocity():
    def left(kind):
        x = Parameter(torch.ones(1, dtype=torch.float64))
        steps_of(kind([x], lr=1e-3, momentum=0.9, weight_decay=0.1), x, [0.0] * 1000)
        return torch.log(x.detach()).item()

    assert left(thalweg.SGD) / left(thalweg.SGDW) == pytest.approx(10.0, rel=0.02)


def test_without_momentum_coupled_and_decoupled_are_one():
    ours, theirs = weights(), weights()
    walk(thalweg.SGDW(ours, lr=0.1, momentum=0.0, weight_decay=0.1), ours, 20)
    walk(thalweg.SGD(theirs, lr=0.1, weight_decay=0.1), theirs, 20)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_maximize_leaves_the_decay_a_decay():
    x = Parameter(torch.ones(1))
    opt = thalweg.SGDW([x], lr=0.5, weight_decay=0.5, maximize=True)
    assert steps_of(opt, x, [0.0])[0].item() == -0.25


def test_what_sgd_refuses_is_refused_here_by_this_name():
    with pytest.raises(ValueError, match=r"^sgdw: nesterov=True needs a momentum above 0"):
        thalweg.SGDW([Parameter(torch.ones(1))], momentum=0.0, nesterov=True)
