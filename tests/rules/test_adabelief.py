"""AdaBelief steps by how well it foresees its gradients."""

import math

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, b1, b2, eps, wd, rectify, amsgrad, decoupled):
    """Algorithm 2 of Zhuang et al. 2020, with the authors' options, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    means, spreads, tops = ([np.zeros_like(x) for x in found] for _ in range(3))
    for t, grads in enumerate(gradients(steps), start=1):
        longest = 2 / (1 - b2) - 1
        length = longest - 2 * t * b2**t / (1 - b2**t)
        for i, grad in enumerate(grads):
            g = grad.numpy()
            if decoupled:
                found[i] = found[i] * (1 - lr * wd)
            else:
                g = g + wd * found[i]
            means[i] = b1 * means[i] + (1 - b1) * g
            spreads[i] = b2 * spreads[i] + (1 - b2) * (g - means[i]) ** 2 + eps
            tops[i] = np.maximum(tops[i], spreads[i])
            s = tops[i] if amsgrad else spreads[i]
            mean = means[i] / (1 - b1**t)
            if not rectify:
                step = mean / (np.sqrt(s / (1 - b2**t)) + eps)
            elif length > 5:
                r = (length - 4) * (length - 2) * longest
                r = math.sqrt(r / ((longest - 4) * (longest - 2) * length))
                step = mean * r * math.sqrt(1 - b2**t) / (np.sqrt(s) + eps)
            else:
                step = mean
            found[i] = found[i] - lr * step
    return [torch.from_numpy(np.asarray(x)) for x in found]


FORMS = [
    {},
    {"rectify": False},
    {"rectify": False, "eps": 1e-8, "weight_decay": 0.3},
    {"rectify": True, "eps": 1e-3, "amsgrad": True},
    {"rectify": False, "amsgrad": True, "weight_decay": 0.3, "decoupled_weight_decay": False},
]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_it_follows_its_paper(form, engine):
    params = weights()
    expected = by_the_paper(
        params,
        60,
        lr=0.01,
        b1=0.9,
        b2=0.999,
        eps=form.get("eps", 1e-16),
        wd=form.get("weight_decay", 0.0),
        rectify=form.get("rectify", True),
        amsgrad=form.get("amsgrad", False),
        decoupled=form.get("decoupled_weight_decay", True),
    )
    found = walk(thalweg.AdaBelief(params, lr=0.01, engine=engine, **form), params, 60)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


def test_eps_gathers_in_the_state():
    # Inside the average it is added at each step, and so comes to eps / (1 - beta2).
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.AdaBelief([x], betas=(0.9, 0.9), eps=1e-3, engine="eager")
    for t in range(1, 200):
        steps_of(opt, x, [0.0])
        expected = 1e-3 * (1 - 0.9**t) / (1 - 0.9)
        assert opt.state[x]["exp_avg_var"].item() == pytest.approx(expected, rel=1e-12)


def test_eps_stands_outside_the_root_too():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.AdaBelief([x], lr=1.0, eps=0.5, betas=(0.0, 0.0), rectify=False, engine="eager")
    (step,) = steps_of(opt, x, [3.0])  # with beta1 = 0 there is no surprise: s is eps alone
    assert step.item() == pytest.approx(-3 / (math.sqrt(0.5) + 0.5), rel=1e-14)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_an_eps_of_1e_16_is_no_zero_in_any_dtype(engine, dtype):
    x = Parameter(torch.ones(9, dtype=dtype))
    opt = thalweg.AdaBelief([x], rectify=False, engine=engine)
    assert all(s.eq(0).all() for s in steps_of(opt, x, [0.0] * 5))


def test_a_gradient_as_foreseen_is_followed_far_and_a_surprise_is_not():
    def last_step(grads):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = thalweg.AdaBelief([x], lr=1.0, betas=(0.9, 0.99), rectify=False, engine="eager")
        return abs(steps_of(opt, x, grads)[-1].item())

    steady = last_step([1.0] * 300)
    noisy = last_step([3.0, -1.0] * 150)  # the same mean, and Adam's scale is √5 of it
    assert steady > 5  # Adam steps by 1
    assert noisy < 1


def test_the_first_five_steps_are_as_long_as_the_gradient_like_radams():
    x, y = (Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    ours = steps_of(thalweg.AdaBelief([x], engine="eager"), x, [100.0] * 6)
    radams = steps_of(thalweg.RAdam([y], engine="eager"), y, [100.0] * 6)
    assert [s.item() for s in ours[:5]] == pytest.approx([s.item() for s in radams[:5]], rel=1e-14)
    assert abs(ours[5].item()) < 0.001 * abs(ours[4].item())


def test_a_beta2_of_two_thirds_never_switches():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.AdaBelief([x], lr=1.0, betas=(0.9, 0.66), engine="eager")
    assert all(s.item() == pytest.approx(-7.0) for s in steps_of(opt, x, [7.0] * 50))
