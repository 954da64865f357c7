"""LaProp scales first and averages then."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, wd, amsgrad, b1=0.9, b2=0.999, eps=1e-15):
    """Algorithm 1 of Ziyin et al. 2020, with the authors' decay after the step, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    m, n, top = ([np.zeros_like(x) for x in found] for _ in range(3))
    for t, grads in enumerate(gradients(steps), start=1):
        for i, grad in enumerate(grads):
            g = grad.numpy()
            n[i] = b2 * n[i] + (1 - b2) * g**2
            top[i] = np.maximum(top[i], n[i])
            under = np.sqrt((top[i] if amsgrad else n[i]) / (1 - b2**t)) + eps
            m[i] = b1 * m[i] + (1 - b1) * g / under
            found[i] = (found[i] - lr * m[i] / (1 - b1**t)) * (1 - lr * wd)
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("wd", [0.0, 0.3])
def test_it_follows_its_paper(wd, amsgrad, engine):
    params = weights()
    expected = by_the_paper(params, 100, lr=0.01, wd=wd, amsgrad=amsgrad)
    opt = thalweg.LaProp(params, lr=0.01, weight_decay=wd, amsgrad=amsgrad, engine=engine)
    for mine, other in zip(walk(opt, params, 100), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


def test_without_momentum_it_is_adam():
    ours, adams = weights(), weights()
    walk(thalweg.LaProp(ours, lr=0.01, betas=(0.0, 0.99), eps=1e-8), ours, 50)
    walk(thalweg.Adam(adams, lr=0.01, betas=(0.0, 0.99), eps=1e-8), adams, 50)
    for one, other in zip(ours, adams, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_without_a_memory_for_squares_it_averages_signs():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.LaProp([x], lr=1.0, betas=(0.5, 0.0), engine="eager")
    steps = steps_of(opt, x, [7.0, -0.01, 0.01])
    mean, expected = 0.0, []
    for t, s in enumerate([1, -1, 1], start=1):
        mean = 0.5 * mean + 0.5 * s
        expected.append(-mean / (1 - 0.5**t))
    assert [s.item() for s in steps] == pytest.approx(expected, rel=1e-12)


@given(
    grads=some.lists(some.floats(-1e6, 1e6), min_size=1, max_size=30),
    beta2=some.sampled_from([0.0, 0.3, 0.9, 0.999]),
)
def test_no_step_is_longer_than_lr_over_the_root_of_one_minus_beta2(grads, beta2):
    # |n| ≤ √((1 − β₂ᵗ) / (1 − β₂)) whatever came before, and an average is no larger than its
    # largest. Adam's step knows no such bound that holds for all pairs of decays.
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.LaProp([x], lr=1.0, betas=(0.99, beta2), engine="eager")
    bound = (1 - beta2) ** -0.5
    assert all(abs(s.item()) <= bound * (1 + 1e-9) for s in steps_of(opt, x, grads))


def test_one_large_gradient_is_not_followed_for_ever():
    # With β₁ > √β₂ Adam forgets the scale of a spike before it forgets the spike.
    def farthest(kind):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = kind([x], lr=1.0, betas=(0.9, 0.5), eps=1e-15, engine="eager")
        grads = [1e-3] * 20 + [1e6] + [1e-3] * 40
        return max(abs(s.item()) for s in steps_of(opt, x, grads))

    assert farthest(thalweg.Adam) > 1000
    assert farthest(thalweg.LaProp) < 1.5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_an_eps_of_1e_15_is_no_zero_in_any_dtype(engine, dtype):
    x = Parameter(torch.ones(9, dtype=dtype))
    opt = thalweg.LaProp([x], engine=engine)
    assert all(s.eq(0).all() for s in steps_of(opt, x, [0.0] * 3))
