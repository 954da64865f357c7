"""Lion moves every coordinate by the same amount."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, b1, b2, wd, sign=1.0):
    """Algorithm 2 of Chen et al. 2023, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    means = [np.zeros_like(x) for x in found]
    for grads in gradients(steps):
        for i, grad in enumerate(grads):
            g = sign * grad.numpy()
            c = b1 * means[i] + (1 - b1) * g
            found[i] = found[i] - lr * (np.sign(c) + wd * found[i])
            means[i] = b2 * means[i] + (1 - b2) * g
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("wd", [0.0, 0.3])
def test_it_follows_its_paper(wd, engine):
    params = weights()
    expected = by_the_paper(params, 100, lr=0.01, b1=0.9, b2=0.99, wd=wd)
    found = walk(thalweg.Lion(params, lr=0.01, weight_decay=wd, engine=engine), params, 100)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


def test_maximize_goes_the_other_way():
    params = weights()
    expected = by_the_paper(params, 30, lr=0.01, b1=0.9, b2=0.99, wd=0.1, sign=-1.0)
    opt = thalweg.Lion(params, lr=0.01, weight_decay=0.1, maximize=True, engine="eager")
    for mine, other in zip(walk(opt, params, 30), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@given(grads=some.lists(some.floats(-1e9, 1e9).filter(lambda g: abs(g) > 1e-9), min_size=1))
def test_every_step_is_lr_long(grads):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    lengths = {abs(s.item()) for s in steps_of(thalweg.Lion([x], lr=0.5, engine="eager"), x, grads)}
    assert lengths <= {0.5, 0.0}  # 0 where the average meets the gradient's opposite exactly


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_zero_gradient_moves_nothing(engine):
    x = Parameter(torch.ones(9))
    assert steps_of(thalweg.Lion([x], engine=engine), x, [0.0])[0].eq(0).all()


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_gradient_of_nan_does_not_hide(engine):
    x = Parameter(torch.ones(9))
    steps_of(thalweg.Lion([x], engine=engine), x, [float("nan")])
    assert x.isnan().all()


def test_it_keeps_half_the_state_of_adam():
    x = Parameter(torch.zeros(8))
    assert 2 * thalweg.Lion([x]).plan().state_bytes == thalweg.Adam([x]).plan().state_bytes
