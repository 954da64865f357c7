"""AdEMAMix mixes a second, older average in."""

import math

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def slow_decay(t, b1, b3, warmup):
    """The paper's closed form: the half-life goes evenly from that of b1 to that of b3."""
    if not warmup or t >= warmup:
        return b3
    part = t / warmup
    return math.exp(math.log(b1) * math.log(b3) / ((1 - part) * math.log(b3) + part * math.log(b1)))


def by_the_paper(params, steps, *, lr, alpha, warm_alpha, warm_beta, wd, b1=0.9, b2=0.999, b3):
    """Algorithm 1 of Pagliardini et al. 2024, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    m1, m2, nu = ([np.zeros_like(x) for x in found] for _ in range(3))
    for t, grads in enumerate(gradients(steps), start=1):
        a = min(t * alpha / warm_alpha, alpha) if warm_alpha else alpha
        b = slow_decay(t, b1, b3, warm_beta)
        for i, grad in enumerate(grads):
            g = grad.numpy()
            m1[i] = b1 * m1[i] + (1 - b1) * g
            m2[i] = b * m2[i] + (1 - b) * g
            nu[i] = b2 * nu[i] + (1 - b2) * g**2
            over = m1[i] / (1 - b1**t) + a * m2[i]
            under = np.sqrt(nu[i] / (1 - b2**t)) + 1e-8
            found[i] = found[i] - lr * (over / under + wd * found[i])
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize(
    ("alpha", "warm_alpha", "warm_beta", "wd"),
    [(2.0, 0, 0, 0.0), (8.0, 0, 0, 0.3), (5.0, 70, 70, 0.0), (5.0, 30, 200, 0.1)],
)
def test_it_follows_its_paper(alpha, warm_alpha, warm_beta, wd, engine):
    params = weights()
    expected = by_the_paper(
        params,
        100,
        lr=0.01,
        alpha=alpha,
        warm_alpha=warm_alpha,
        warm_beta=warm_beta,
        wd=wd,
        b3=0.9999,
    )
    opt = thalweg.AdEMAMix(
        params,
        lr=0.01,
        alpha=alpha,
        alpha_warmup=warm_alpha,
        beta3_warmup=warm_beta,
        weight_decay=wd,
        engine=engine,
    )
    for mine, other in zip(walk(opt, params, 100), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_the_old_average_it_is_adamw(dtype):
    ours, adamw = weights(dtype), weights(dtype)
    walk(thalweg.AdEMAMix(ours, alpha=0.0, weight_decay=0.1, engine="eager"), ours, 30)
    walk(thalweg.AdamW(adamw, weight_decay=0.1, engine="eager"), adamw, 30)
    for one, other in zip(ours, adamw, strict=True):
        torch.testing.assert_close(one, other)


def test_the_old_average_is_not_corrected_for_starting_at_zero():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.AdEMAMix([x], lr=1.0, alpha=8.0, eps=0.0, engine="eager")
    steps = steps_of(opt, x, [3.0] * 50)
    expected = [-(1 + 8 * (1 - 0.9999**t)) for t in range(1, 51)]
    assert [s.item() for s in steps] == pytest.approx(expected, rel=1e-12)


def test_alpha_warms_up_evenly_and_then_stays():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.AdEMAMix(
        [x], lr=1.0, betas=(0.9, 0.999, 0.0), alpha=4.0, alpha_warmup=4, eps=0.0, engine="eager"
    )
    steps = steps_of(opt, x, [3.0] * 6)  # with beta3 = 0 the old average is the gradient
    assert [-s.item() for s in steps] == pytest.approx([2, 3, 4, 5, 5, 5], rel=1e-12)


def test_the_half_life_of_the_old_average_grows_evenly():
    def decays(warmup):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = thalweg.AdEMAMix([x], betas=(0.9, 0.999, 0.9999), beta3_warmup=warmup, engine="eager")
        seen = []
        for _ in range(warmup + 2):
            steps_of(opt, x, [0.0])
            opt.state[x]["exp_avg_slow"].fill_(1.0)
            steps_of(opt, x, [0.0])
            seen.append(opt.state[x]["exp_avg_slow"].item())
        return seen

    lives = [math.log(0.5) / math.log(d) for d in decays(20)]  # of steps 2, 4, 6, ...
    grown = np.diff(lives[:10])
    assert grown == pytest.approx([grown[0]] * 9, rel=1e-6)
    assert lives[9:] == pytest.approx([math.log(0.5) / math.log(0.9999)] * 13, rel=1e-6)


def test_decay_is_added_to_the_step_and_so_is_adamws():
    x = Parameter(torch.full((1,), 3.0, dtype=torch.float64))
    steps_of(thalweg.AdEMAMix([x], lr=0.1, weight_decay=0.5, engine="eager"), x, [0.0] * 20)
    assert x.item() == pytest.approx(3 * (1 - 0.1 * 0.5) ** 20, rel=1e-13)


def test_a_decay_of_zero_has_a_half_life_too():
    x = Parameter(torch.zeros(1))
    opt = thalweg.AdEMAMix([x], betas=(0.0, 0.9, 0.0), beta3_warmup=9, engine="eager")
    assert all(s.isfinite().all() for s in steps_of(opt, x, [1.0] * 12))
