"""Tiger is Lion with one decay."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_its_author(params, steps, *, lr, beta, wd):
    """The update of bojone/tiger without its factors for single tensors, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    means = [np.zeros_like(x) for x in found]
    for grads in gradients(steps):
        for i, grad in enumerate(grads):
            means[i] = beta * means[i] + (1 - beta) * grad.numpy()
            found[i] = found[i] - (np.sign(means[i]) + wd * found[i]) * lr
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("wd", [0.0, 0.3])
def test_it_follows_its_author(wd, engine):
    params = weights()
    expected = by_its_author(params, 100, lr=0.01, beta=0.965, wd=wd)
    found = walk(thalweg.Tiger(params, lr=0.01, weight_decay=wd, engine=engine), params, 100)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


def test_it_is_lion_with_equal_betas():
    ours, theirs = weights(), weights()
    walk(thalweg.Tiger(ours, lr=0.01, beta=0.9, weight_decay=0.1), ours, 50)
    walk(thalweg.Lion(theirs, lr=0.01, betas=(0.9, 0.9), weight_decay=0.1), theirs, 50)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_a_weight_is_bounded_by_the_decay():
    # Where the step against the gradient and the decay balance: |θ| = 1 / λ.
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    steps_of(thalweg.Tiger([x], lr=0.1, weight_decay=0.5), x, [-1.0] * 500)
    assert x.item() == pytest.approx(2.0, rel=1e-9)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_gradient_of_nan_does_not_hide(engine):
    x = Parameter(torch.ones(9))
    steps_of(thalweg.Tiger([x], engine=engine), x, [float("nan")])
    assert x.isnan().all()
