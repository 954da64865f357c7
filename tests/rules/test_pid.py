"""PID: the gradient, its past and its change."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, mu, damp, ki, kd, wd):
    """The controller of An et al. 2018, with torch's first step of the sum, from all gradients."""
    found = [p.detach().clone() for p in params]
    past = [[] for _ in found]
    for grads in gradients(steps):
        for i, grad in enumerate(grads):
            past[i].append(grad + wd * found[i])
            g, n = past[i], len(past[i])
            # Both memories written out as sums over all that has been.
            total = sum(mu ** (n - 1 - k) * (1.0 if k == 0 else 1 - damp) * g[k] for k in range(n))
            change = sum(
                (mu ** (n - 1 - k) * (1 - mu) * (g[k] - g[k - 1]) for k in range(1, n)),
                torch.zeros_like(grad),
            )
            found[i] = found[i] - lr * (g[-1] + ki * total + kd * change)
    return found


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize(("damp", "wd"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.2)])
def test_it_follows_its_paper(damp, wd, engine):
    params = weights()
    expected = by_the_paper(params, 40, lr=0.01, mu=0.9, damp=damp, ki=3.0, kd=20.0, wd=wd)
    opt = thalweg.PID(
        params,
        lr=0.01,
        dampening=damp,
        integral=3.0,
        derivative=20.0,
        weight_decay=wd,
        engine=engine,
    )
    for mine, other in zip(walk(opt, params, 40), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("engine", ["cpu", "eager"])
def test_without_derivative_it_is_torch_s_nesterov(engine):
    ours, theirs = weights(), weights()
    flags = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "maximize": True}
    walk(thalweg.PID(ours, integral=0.9, derivative=0.0, engine=engine, **flags), ours, 60)
    walk(torch.optim.SGD(theirs, nesterov=True, foreach=False, **flags), theirs, 60)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_the_first_gradient_is_no_change():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.PID([x], lr=1.0, integral=0.0, derivative=1e6)
    assert steps_of(opt, x, [2.0])[0].item() == -2.0
    assert opt.state[x]["d_buffer"].item() == 0.0


def test_the_second_change_is_from_the_first_gradient():
    # The authors' program forgets to keep the first gradient, and takes the change from 0.
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.PID([x], lr=1.0, momentum=0.5, integral=0.0, derivative=1.0)
    assert [s.item() for s in steps_of(opt, x, [2.0, 2.0, 4.0])] == [-2.0, -2.0, -5.0]


def test_dampening_spares_the_first_gradient():
    x = Parameter(torch.zeros(1))
    opt = thalweg.PID([x], momentum=0.5, dampening=0.5)
    steps_of(opt, x, [1.0])
    assert opt.state[x]["i_buffer"].item() == 1.0


def test_a_momentum_of_zero_takes_past_and_change_at_their_word():
    # The authors' program drops both where momentum is 0; the equations do not.
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.PID([x], lr=1.0, momentum=0.0, integral=2.0, derivative=3.0)
    assert [s.item() for s in steps_of(opt, x, [1.0, 2.0])] == [-3.0, -(2.0 + 4.0 + 3.0)]


def test_the_gradient_is_kept_and_not_written():
    x = Parameter(torch.zeros(3))
    opt = thalweg.PID([x])
    x.grad = torch.ones(3)
    opt.step()
    assert x.grad.eq(1).all()
    x.grad.zero_()
    assert opt.state[x]["grad_buffer"].eq(1).all()
