"""Yogi's scale is moved by at most a share of the squared gradient."""

import math

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, b1, b2, eps, v0, wd, decoupled):
    """Algorithm 2 of Zaheer et al. 2018, its lr corrected as in the first author's code."""
    found = [p.detach().numpy().copy() for p in params]
    means = [np.zeros_like(x) for x in found]
    squares = [np.full_like(x, v0) for x in found]
    for t, grads in enumerate(gradients(steps), start=1):
        rate = lr * math.sqrt(1 - b2**t) / (1 - b1**t)
        for i, grad in enumerate(grads):
            g = grad.numpy()
            if decoupled:
                found[i] = found[i] - lr * wd * found[i]
            else:
                g = g + wd * found[i]
            means[i] = b1 * means[i] + (1 - b1) * g
            rising = np.where(g * g > squares[i], 1.0, np.where(g * g < squares[i], -1.0, 0.0))
            squares[i] = squares[i] + (1 - b2) * rising * g * g
            found[i] = found[i] - rate * means[i] / (np.sqrt(squares[i]) + eps)
    return [torch.from_numpy(np.asarray(x)) for x in found]


FORMS = [
    {},
    {"weight_decay": 0.3, "initial_accumulator": 0.1},
    {"weight_decay": 0.3, "decoupled_weight_decay": True, "eps": 1e-8},
]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_it_follows_its_paper(form, engine):
    params = weights()
    expected = by_the_paper(
        params,
        100,
        lr=0.01,
        b1=0.9,
        b2=0.999,
        eps=form.get("eps", 1e-3),
        v0=form.get("initial_accumulator", 1e-6),
        wd=form.get("weight_decay", 0.0),
        decoupled=form.get("decoupled_weight_decay", False),
    )
    found = walk(thalweg.Yogi(params, engine=engine, **form), params, 100)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


def test_the_scale_starts_at_the_initial_accumulator():
    x = Parameter(torch.zeros(3, dtype=torch.float64))
    opt = thalweg.Yogi([x], engine="eager")
    steps_of(opt, x, [0.0])
    assert opt.state[x]["exp_avg_sq"].tolist() == [1e-6] * 3
    assert opt.state[x]["exp_avg"].tolist() == [0.0] * 3  # as in the paper; elsewhere 1e-6 too


def test_a_first_gradient_of_zero_moves_nothing():
    x = Parameter(torch.ones(3, dtype=torch.float64))
    assert all(s.eq(0).all() for s in steps_of(thalweg.Yogi([x], engine="eager"), x, [0.0] * 9))


def test_the_scale_never_falls_by_more_than_a_share_of_the_square():
    def squares_after(kind, grads):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = kind([x], betas=(0.9, 0.9), engine="eager")
        steps_of(opt, x, grads)
        return opt.state[x]["exp_avg_sq"].item()

    large, small = [10.0] * 200, [0.1] * 50
    before, after = (squares_after(thalweg.Yogi, g) for g in (large, large + small))
    assert before - after == pytest.approx(50 * 0.1 * 0.1**2, rel=1e-9)
    assert squares_after(thalweg.Adam, large + small) < 0.01 * squares_after(thalweg.Adam, large)


@pytest.mark.parametrize("grads", [[1e3, 1e-3] * 200, [0.7] * 500, [1e-9] * 500])
def test_the_scale_is_never_negative(grads):
    x = Parameter(torch.zeros(1))
    opt = thalweg.Yogi([x], betas=(0.9, 0.0), engine="eager")  # where it moves most
    for grad in grads:
        steps_of(opt, x, [grad])
        assert opt.state[x]["exp_avg_sq"].item() >= 0


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_gradient_of_nan_does_not_hide(engine):
    x = Parameter(torch.ones(9))
    steps_of(thalweg.Yogi([x], engine=engine), x, [float("nan")])
    assert x.isnan().all()
