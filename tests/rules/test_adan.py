"""Adan looks ahead along the change of its gradient."""

import math

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, beta, eps, wd, no_prox=False):
    """Algorithm 1 of Xie et al. 2022, in its own letters: beta is one minus the code's."""
    b1, b2, b3 = beta
    found = [p.detach().numpy().copy() for p in params]
    m, v, n = ([np.zeros_like(x) for x in found] for _ in range(3))
    before = None
    for k, grads in enumerate(gradients(steps), start=1):
        g = [x.numpy() for x in grads]
        before = g if before is None else before
        for i in range(len(g)):
            diff = g[i] - before[i]
            m[i] = (1 - b1) * m[i] + b1 * g[i]
            v[i] = (1 - b2) * v[i] + b2 * diff
            n[i] = (1 - b3) * n[i] + b3 * (g[i] + (1 - b2) * diff) ** 2
            right = [1 - (1 - b) ** k for b in beta]
            eta = lr / (np.sqrt(n[i] / right[2]) + eps)
            step = eta * (m[i] / right[0] + (1 - b2) * v[i] / right[1])
            if no_prox:
                found[i] = (1 - lr * wd) * found[i] - step
            else:
                found[i] = (found[i] - step) / (1 + lr * wd)
        before = g
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize(
    "form", [{}, {"weight_decay": 0.3}, {"weight_decay": 0.3, "no_prox": True}], ids=str
)
def test_it_follows_its_paper_whose_betas_are_one_minus_ours(form, engine):
    params = weights()
    expected = by_the_paper(
        params,
        100,
        lr=0.01,
        beta=(0.02, 0.08, 0.01),
        eps=1e-8,
        wd=form.get("weight_decay", 0.0),
        no_prox=form.get("no_prox", False),
    )
    found = walk(thalweg.Adan(params, lr=0.01, engine=engine, **form), params, 100)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_the_first_gradient_is_no_change(engine):
    # Were the gradient before it 0, the first step would be lr (1 + 0.92) / (1 + 0.92) in n and m
    # alike, but exp_avg_diff would start at (1 - beta2) g.
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adan([x], lr=0.1, eps=0.0, engine=engine)
    (step,) = steps_of(opt, x, [5.0])
    assert step.item() == pytest.approx(-0.1, rel=1e-14)
    assert opt.state[x]["exp_avg_diff"].item() == 0
    assert opt.state[x]["exp_avg_sq"].item() == pytest.approx(0.01 * 25, rel=1e-14)
    assert opt.state[x]["pre_grad"].item() == 5


def test_a_late_gradient_is_no_change_either():
    early, late = (Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    opt = thalweg.Adan([early, late], engine="eager")
    steps_of(opt, early, [1.0] * 10)
    steps_of(opt, late, [5.0])
    assert opt.state[late]["exp_avg_diff"].item() == 0


def test_the_change_is_weighted_by_beta2_and_not_by_one_minus_it():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adan([x], betas=(0.5, 0.75, 0.0), lr=1.0, eps=0.0, engine="eager")
    steps = steps_of(opt, x, [1.0, 2.0])
    ahead = 2 + 0.75 * 1
    mean = (0.5 * 0.5 + 0.5 * 2) / (1 - 0.25)
    change = 0.25 * 1 / (1 - 0.75**2)
    assert steps[1].item() == pytest.approx(-(mean + 0.75 * change) / ahead, rel=1e-14)


def test_proximal_decay_divides():
    x = Parameter(torch.full((1,), 3.0, dtype=torch.float64))
    steps_of(thalweg.Adan([x], lr=0.1, weight_decay=0.5, engine="eager"), x, [0.0] * 20)
    assert x.item() == pytest.approx(3 / (1 + 0.1 * 0.5) ** 20, rel=1e-13)


def test_decay_without_prox_is_adamws():
    x = Parameter(torch.full((1,), 3.0, dtype=torch.float64))
    opt = thalweg.Adan([x], lr=0.1, weight_decay=0.5, no_prox=True, engine="eager")
    steps_of(opt, x, [0.0] * 20)
    assert x.item() == pytest.approx(3 * (1 - 0.1 * 0.5) ** 20, rel=1e-13)


def test_a_proximal_decay_of_any_strength_never_changes_a_sign():
    x = Parameter(torch.full((1,), 3.0))
    steps_of(thalweg.Adan([x], lr=10.0, weight_decay=10.0, engine="eager"), x, [0.0] * 5)
    assert 0 < x.item() < 1e-6


def test_it_leaves_the_gradient_as_it_was():
    x = Parameter(torch.ones(9))
    x.grad = torch.full((9,), 2.0)
    thalweg.Adan([x], maximize=True).step()
    assert x.grad.eq(2).all()


def test_a_steady_gradient_is_adams():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    steps = steps_of(thalweg.Adan([x], lr=0.1, eps=0.0, engine="eager"), x, [3.0] * 50)
    assert [s.item() for s in steps] == pytest.approx([-0.1] * 50, rel=1e-12)
    assert math.isclose(x.item(), -5.0, rel_tol=1e-12)
