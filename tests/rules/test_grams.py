"""Grams goes as far as Adam, in the direction of the gradient of now."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, wd, b1=0.9, b2=0.999, eps=1e-6):
    """Cao, Li & Song 2024, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    m, v = ([np.zeros_like(x) for x in found] for _ in range(2))
    for t, grads in enumerate(gradients(steps), start=1):
        for i, grad in enumerate(grads):
            g = grad.numpy()
            m[i] = b1 * m[i] + (1 - b1) * g
            v[i] = b2 * v[i] + (1 - b2) * g * g
            u = m[i] / (1 - b1**t) / (np.sqrt(v[i] / (1 - b2**t)) + eps)
            found[i] = found[i] - lr * wd * found[i] - lr * np.sign(g) * np.abs(u)
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("wd", [0.0, 0.3])
def test_it_follows_its_paper(wd, engine):
    params = weights()
    expected = by_the_paper(params, 100, lr=0.01, wd=wd)
    found = walk(thalweg.Grams(params, lr=0.01, weight_decay=wd, engine=engine), params, 100)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_step_is_as_long_as_adams(dtype):
    ours, adams = (Parameter(torch.zeros(5, dtype=dtype)) for _ in range(2))
    grams = thalweg.Grams([ours], eps=1e-8, engine="eager")
    adam = thalweg.Adam([adams], engine="eager")
    for grads in gradients(40):
        for opt, p in ((grams, ours), (adam, adams)):
            p.data.zero_()  # so that nothing is lost where a step is added to a weight
            p.grad = grads[0].to(dtype)
            opt.step()
        moved = grads[0] != 0
        assert torch.equal(ours[moved].abs(), adams[moved].abs())
        assert ours[~moved].eq(0).all()


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_no_weight_moves_along_its_gradient(engine):
    params = weights()
    opt = thalweg.Grams(params, lr=0.01, engine=engine)
    for grads in gradients(40):
        before = [p.detach().clone() for p in params]
        for p, g in zip(params, grads, strict=True):
            p.grad = g
        opt.step()
        for p, old, g in zip(params, before, grads, strict=True):
            assert ((p.detach() - old) * g <= 0).all()


def test_a_zero_gradient_rests_whatever_the_momentum():
    x = Parameter(torch.zeros(1))
    steps = steps_of(thalweg.Grams([x], lr=0.1, engine="eager"), x, [1.0] * 10 + [0.0])
    assert steps[-2].item() < -0.09
    assert steps[-1].item() == 0


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_gradient_of_nan_does_not_hide(engine):
    x = Parameter(torch.ones(9))
    steps_of(thalweg.Grams([x], engine=engine), x, [float("nan")])
    assert x.isnan().all()


def test_the_gradient_is_left_as_it_was():
    # The authors' code takes its sign in place.
    x = Parameter(torch.ones(9))
    x.grad = torch.full((9,), 2.0)
    thalweg.Grams([x]).step()
    assert x.grad.eq(2).all()


def test_decay_goes_past_the_averages():
    x = Parameter(torch.full((1,), 3.0, dtype=torch.float64))
    steps_of(thalweg.Grams([x], lr=0.1, weight_decay=0.5, engine="eager"), x, [0.0] * 20)
    assert x.item() == pytest.approx(3 * (1 - 0.1 * 0.5) ** 20, rel=1e-13)
