"""AdamAtan2 steps by an angle."""

import math

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights
from thalweg.rules import words

ENGINES = ["eager", "oracle"]


def by_the_paper(params, steps, *, lr, wd, a, b, b1=0.9, b2=0.99):
    """Everett et al. 2024, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    m, v = ([np.zeros_like(x) for x in found] for _ in range(2))
    for t, grads in enumerate(gradients(steps), start=1):
        for i, grad in enumerate(grads):
            g = grad.numpy()
            m[i] = b1 * m[i] + (1 - b1) * g
            v[i] = b2 * v[i] + (1 - b2) * g * g
            angle = np.arctan2(m[i] / (1 - b1**t), b * np.sqrt(v[i] / (1 - b2**t)))
            found[i] = found[i] * (1 - lr * wd) - lr * a * angle
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("wd", "a", "b"), [(0.0, 1.27, 1.0), (0.3, 1.0, 2.0), (0.0, 1.0, 0.0)])
def test_it_follows_its_paper(wd, a, b, engine):
    params = weights()
    expected = by_the_paper(params, 100, lr=0.01, wd=wd, a=a, b=b)
    opt = thalweg.AdamAtan2(params, lr=0.01, weight_decay=wd, a=a, b=b, engine=engine)
    for mine, other in zip(walk(opt, params, 100), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_gradient_no_step_and_no_nan(engine):
    x = Parameter(torch.ones(9))
    opt = thalweg.AdamAtan2([x], engine=engine)
    assert all(s.eq(0).all() for s in steps_of(opt, x, [0.0] * 3))


def test_the_path_does_not_depend_on_the_size_of_gradients():
    def path(scale):
        params = weights()
        opt = thalweg.AdamAtan2(params, lr=0.01, engine="eager")
        for grads in gradients(30):
            for p, g in zip(params, grads, strict=True):
                p.grad = scale * g
            opt.step()
        return params

    for scale in (2.0**200, 2.0**-200):
        for one, other in zip(path(1.0), path(scale), strict=True):
            assert torch.equal(one, other)


def test_no_step_is_longer_than_a_right_angle():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.AdamAtan2([x], lr=1.0, betas=(0.9, 0.1), engine="eager")
    grads = [1e-3] * 20 + [1e6] + [1e-3] * 40  # a spike whose scale is forgotten first
    lengths = [abs(s.item()) for s in steps_of(opt, x, grads)]
    assert 1.9 < max(lengths) <= 1.27 * math.pi / 2


def test_the_first_step_is_nearly_lr_long():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    (step,) = steps_of(thalweg.AdamAtan2([x], lr=1.0, engine="eager"), x, [42.0])
    assert step.item() == pytest.approx(-1.27 * math.pi / 4, rel=1e-14)
    assert step.item() == pytest.approx(-1, rel=3e-3)


def test_where_steps_are_short_it_is_adam_without_eps():
    ours, adams = (Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    grads = [1.0, -1.0] * 200
    one = steps_of(thalweg.AdamAtan2([ours], lr=1.0, a=1.0, engine="eager"), ours, grads)
    opt = thalweg.Adam([adams], lr=1.0, betas=(0.9, 0.99), eps=0.0, engine="eager")
    assert one[-1].item() == pytest.approx(steps_of(opt, adams, grads)[-1].item(), rel=1e-3)


@pytest.mark.parametrize("y", [0.0, 1.0, -2.5, 1e-320, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("x", [0.0, 1.0, 2.5, 1e-320, math.inf, math.nan])
def test_the_word_means_the_same_for_numbers_arrays_and_tensors(x, y):
    plain = words.atan2(y, x)
    array = words.atan2(np.array([y]), np.array([x])).item()
    tensor = words.atan2(*(torch.tensor([z], dtype=torch.float64) for z in (y, x))).item()
    for found in (array, tensor):
        assert found == pytest.approx(plain, rel=1e-15, abs=0, nan_ok=True)
