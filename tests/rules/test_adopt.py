"""ADOPT divides a gradient by what was known before it."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, wd, decoupled, clip, b1=0.9, b2=0.9999, eps=1e-6):
    """Taniguchi et al. 2024 as the authors' code has it: steps count from 0, the 0th starts v."""
    found = [p.detach().numpy().copy() for p in params]
    m, v = ([np.zeros_like(x) for x in found] for _ in range(2))
    for count, grads in enumerate(gradients(steps)):
        for i, grad in enumerate(grads):
            g = grad.numpy() + (0 if decoupled else wd * found[i])
            if count == 0:
                v[i] = g * g
                continue
            if decoupled:
                found[i] = found[i] - lr * wd * found[i]
            n = g / np.maximum(np.sqrt(v[i]), eps)
            if clip:
                n = np.clip(n, -(count**clip), count**clip)
            m[i] = b1 * m[i] + (1 - b1) * n
            found[i] = found[i] - lr * m[i]
            v[i] = b2 * v[i] + (1 - b2) * g * g
    return [torch.from_numpy(np.asarray(x)) for x in found]


FORMS = [
    {},
    {"weight_decay": 0.3},
    {"weight_decay": 0.3, "decoupled_weight_decay": True},
    {"clipped": False},
    {"clip_exp": 1 / 3},
]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_it_follows_its_paper(form, engine):
    params = weights()
    expected = by_the_paper(
        params,
        100,
        lr=0.01,
        wd=form.get("weight_decay", 0.0),
        decoupled=form.get("decoupled_weight_decay", False),
        clip=form.get("clip_exp", 0.25) if form.get("clipped", True) else 0,
    )
    found = walk(thalweg.ADOPT(params, lr=0.01, engine=engine, **form), params, 100)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
@pytest.mark.parametrize("clipped", [True, False])
@pytest.mark.parametrize("decoupled", [True, False])
def test_the_first_step_moves_nothing_not_even_by_decay(decoupled, clipped, engine):
    x = Parameter(torch.full((9,), 2.0, dtype=torch.float64))
    opt = thalweg.ADOPT(
        [x],
        weight_decay=0.5,
        decoupled_weight_decay=decoupled,
        clipped=clipped,
        clip_exp=0.0,
        engine=engine,
    )
    (step,) = steps_of(opt, x, [3.0])
    assert step.eq(0).all()
    assert opt.state[x]["exp_avg"].eq(0).all()
    assert opt.state[x]["exp_avg_sq"].eq(9.0 if decoupled else 16.0).all()


def test_a_gradient_is_divided_by_the_scale_of_the_step_before():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.ADOPT([x], lr=1.0, betas=(0.0, 0.5), clipped=False, engine="eager")
    steps = steps_of(opt, x, [2.0, 6.0, 10.0])
    squares = 0.5 * 4 + 0.5 * 36
    assert [s.item() for s in steps] == pytest.approx([0, -6 / 2, -10 / squares**0.5], rel=1e-14)


def test_a_quotient_is_bounded_by_the_fourth_root_of_the_steps_before():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.ADOPT([x], lr=1.0, betas=(0.0, 0.9999), engine="eager")
    steps = steps_of(opt, x, [0.0] + [1.0] * 99)  # v starts at zero: only the bound holds
    lengths = [abs(s.item()) for s in steps]
    assert lengths[1] == 1
    assert all(n <= t**0.25 * (1 + 1e-12) for t, n in enumerate(lengths))
    assert lengths[5] == pytest.approx(5**0.25)


def test_without_clipping_a_first_gradient_of_zero_ends_badly():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.ADOPT([x], lr=1e-3, clipped=False, engine="eager")
    assert steps_of(opt, x, [0.0, 1.0])[1].item() == pytest.approx(-1e-3 * 0.1 * 1e6)


def test_a_small_beta2_does_not_send_it_the_wrong_way():
    # Reddi, Kale & Kumar 2018: a gradient of 4 one time in three, else -1. On average it is
    # positive, so x should fall to -1; with a short memory Adam climbs to +1.
    def ends(kind, **settings):
        draw = torch.Generator().manual_seed(5)
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = kind([x], lr=0.01, betas=(0.0, 1 / 17), engine="eager", **settings)
        for _ in range(2000):
            steps_of(opt, x, [4.0 if torch.rand((), generator=draw) < 1 / 3 else -1.0])
            x.data.clamp_(-1, 1)
        return x.item()

    assert ends(thalweg.Adam) > 0.9
    assert ends(thalweg.ADOPT, clipped=False) < -0.5
