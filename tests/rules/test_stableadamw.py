"""StableAdamW goes slower where a gradient comes as a surprise."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights

ENGINES = ["oracle", "eager", "cpu"]


def by_its_authors(params, steps, *, lr, b1, b2, eps, wd):
    """With averages that are corrected as they are formed, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    v = [np.zeros_like(x) for x in found]
    u = [np.zeros_like(x) for x in found]
    for t, grads in enumerate(gradients(steps), start=1):
        c1 = b1 * (1 - b1 ** (t - 1)) / (1 - b1**t)
        c2 = b2 * (1 - b2 ** (t - 1)) / (1 - b2**t)
        for i, grad in enumerate(grads):
            g = grad.numpy()
            v[i] = c1 * v[i] + (1 - c1) * g
            u[i] = c2 * u[i] + (1 - c2) * g**2
            rms = np.sqrt(np.mean(g**2 / np.maximum(u[i], eps**2)))
            rate = lr / max(1.0, rms)
            found[i] = found[i] * (1 - rate * wd) - rate * v[i] / (np.sqrt(u[i]) + eps)
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("b2", "eps", "wd"), [(0.99, 1e-6, 0.2), (0.9, 1e-2, 0.0)])
def test_it_follows_its_authors(b2, eps, wd, engine):
    params = weights()
    expected = by_its_authors(params, 80, lr=0.01, b1=0.9, b2=b2, eps=eps, wd=wd)
    opt = thalweg.StableAdamW(
        params, lr=0.01, betas=(0.9, b2), eps=eps, weight_decay=wd, engine=engine
    )
    torch.testing.assert_close(walk(opt, params, 80), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_steady_gradients_are_torchs_adamw(engine):
    ours, theirs = (Parameter(torch.ones(6, dtype=torch.float64)) for _ in range(2))
    flags = {"lr": 0.01, "betas": (0.9, 0.99), "eps": 1e-6, "weight_decay": 0.2}
    steps_of(thalweg.StableAdamW([ours], engine=engine, **flags), ours, [0.5] * 30)
    steps_of(torch.optim.AdamW([theirs], foreach=False, **flags), theirs, [0.5] * 30)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_surprise_slows_its_own_tensor_by_the_root_of_what_was_not_foretold(engine):
    calm, struck = (Parameter(torch.zeros(4, dtype=torch.float64)) for _ in range(2))
    opt = thalweg.StableAdamW(
        [calm, struck], lr=1.0, betas=(0.0, 0.99), eps=0.0, weight_decay=0.0, engine=engine
    )
    for t in range(1, 51):
        calm.grad = torch.ones_like(calm)
        struck.grad = torch.full_like(struck, 1.0 if t < 50 else 30.0)
        before = calm.detach().clone(), struck.detach().clone()
        opt.step()
    foretold = 1 + (1 - 0.99) / (1 - 0.99**50) * (30.0**2 - 1)
    # Without β₁ a step of AdamW would be g / √v̂, which is also how much too large g is.
    assert (before[0] - calm)[0].item() == pytest.approx(1.0, rel=1e-12)
    assert 30 / foretold**0.5 > 3
    assert (before[1] - struck)[0].item() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_zero_gradient_moves_nothing(engine):
    x = Parameter(torch.ones(4))
    opt = thalweg.StableAdamW([x], weight_decay=0.0, engine=engine)
    assert all(step.eq(0).all() for step in steps_of(opt, x, [0.0, 0.0]))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gradient_of_nan_stays_in_its_own_weight(engine):
    x = Parameter(torch.ones(3))
    opt = thalweg.StableAdamW([x], engine=engine)
    x.grad = torch.tensor([1.0, float("nan"), -1.0])
    opt.step()
    assert x.isnan().tolist() == [False, True, False]


def test_decay_slows_down_with_the_step():
    x = Parameter(torch.ones(1, dtype=torch.float64))
    opt = thalweg.StableAdamW([x], lr=0.1, betas=(0.0, 0.99), eps=0.0, weight_decay=0.5)
    steps_of(opt, x, [1e-9] * 99)
    before = x.item()
    (step,) = steps_of(opt, x, [1.0])
    foretold = (1 - 0.99) / (1 - 0.99**100)
    rate = 0.1 * foretold**0.5
    assert step.item() == pytest.approx(-rate * 0.5 * before - 0.1, rel=1e-9)


def test_its_states_are_those_of_adamw():
    x = Parameter(torch.ones(3))
    opt = thalweg.StableAdamW([x])
    steps_of(opt, x, [1.0])
    assert set(opt.state_dict()["state"][0]) >= {"exp_avg", "exp_avg_sq", "step"}
