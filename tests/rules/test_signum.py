"""Signum steps by the sign of the average gradient."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, mu, wd, decoupled):
    """Algorithm 2 of Bernstein et al. 2018 for one worker, with either decay, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    means = [np.zeros_like(x) for x in found]
    for grads in gradients(steps):
        for i, grad in enumerate(grads):
            g = grad.numpy() + (0 if decoupled else wd * found[i])
            means[i] = mu * means[i] + (1 - mu) * g
            found[i] = found[i] - lr * (np.sign(means[i]) + (wd * found[i] if decoupled else 0))
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("flags", [(0.0, True), (0.3, True), (0.3, False)], ids=str)
def test_it_follows_its_paper(flags, engine):
    wd, decoupled = flags
    params = weights()
    expected = by_the_paper(params, 100, lr=0.01, mu=0.9, wd=wd, decoupled=decoupled)
    opt = thalweg.Signum(
        params, lr=0.01, weight_decay=wd, decoupled_weight_decay=decoupled, engine=engine
    )
    for mine, other in zip(walk(opt, params, 100), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


def test_without_momentum_it_is_signsgd_bit_for_bit():
    ours, theirs = weights(), weights()
    walk(thalweg.Signum(ours, lr=0.1, momentum=0.0, weight_decay=0.1), ours, 20)
    walk(thalweg.SignSGD(theirs, lr=0.1, weight_decay=0.1), theirs, 20)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_sum_of_gradients_has_the_sign_of_their_average():
    # torch's SGD keeps the sum; its buffer's sign is the way that we go.
    ours, theirs = weights(), weights()
    mine = thalweg.Signum(ours, lr=0.125)
    other = torch.optim.SGD(theirs, lr=0.0, momentum=0.9)
    for grads in gradients(30):
        before = [p.detach().clone() for p in ours]
        for p, q, g in zip(ours, theirs, grads, strict=True):
            p.grad, q.grad = g.clone(), g.clone()
        mine.step(), other.step()
        for p, q, was in zip(ours, theirs, before, strict=True):
            way = other.state[q]["momentum_buffer"].sign()
            torch.testing.assert_close(p.detach(), was - 0.125 * way, rtol=0, atol=1e-15)


def test_the_first_step_is_whole_though_the_average_starts_at_zero():
    x = Parameter(torch.zeros(1))
    opt = thalweg.Signum([x], lr=0.5, momentum=0.99)
    assert steps_of(opt, x, [1e-20])[0].item() == -0.5


def test_it_goes_on_while_gradients_that_turned_are_outweighed():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Signum([x], lr=1.0, momentum=0.9)
    # 10 steps of 1, then of -1: 0.651 of the average is forgotten before it turns.
    moved = [s.item() for s in steps_of(opt, x, [1.0] * 10 + [-1.0] * 6)]
    assert moved == [-1.0] * 14 + [1.0] * 2


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_gradient_of_nan_does_not_hide(engine):
    x = Parameter(torch.ones(9))
    steps_of(thalweg.Signum([x], engine=engine), x, [float("nan")])
    assert x.isnan().all()
