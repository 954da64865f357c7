"""QHAdam mixes Adam's averages with what the gradient says now."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_its_authors(params, steps, *, lr, betas, nus, eps, wd, decoupled):
    """As facebookresearch/qhoptim: averages that need no correction, their decays do it."""
    found = [p.detach().numpy().copy() for p in params]
    means = [np.zeros_like(x) for x in found]
    squares = [np.zeros_like(x) for x in found]
    weight1 = weight2 = 0.0
    for grads in gradients(steps):
        weight1, weight2 = 1 + betas[0] * weight1, 1 + betas[1] * weight2
        new1, new2 = 1 / weight1, 1 / weight2
        for i, grad in enumerate(grads):
            g = grad.numpy() + (0 if decoupled else wd * found[i])
            if decoupled:
                found[i] = found[i] * (1 - lr * wd)
            means[i] = (1 - new1) * means[i] + new1 * g
            squares[i] = (1 - new2) * squares[i] + new2 * g * g
            up = nus[0] * means[i] + (1 - nus[0]) * g
            down = np.sqrt(nus[1] * squares[i] + (1 - nus[1]) * g * g) + eps
            found[i] = found[i] - lr * up / down
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("flags", [(0.0, False), (0.3, False), (0.3, True)], ids=str)
def test_it_follows_its_authors(flags, engine):
    wd, decoupled = flags
    given = {"lr": 0.01, "betas": (0.9, 0.99), "nus": (0.6, 0.8), "eps": 1e-6}
    params = weights()
    expected = by_its_authors(params, 100, wd=wd, decoupled=decoupled, **given)
    opt = thalweg.QHAdam(
        params, weight_decay=wd, decoupled_weight_decay=decoupled, engine=engine, **given
    )
    for mine, other in zip(walk(opt, params, 100), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-11, atol=1e-13)


def test_with_both_mixes_at_one_it_is_torch_s_adam():
    ours, theirs = weights(), weights()
    walk(thalweg.QHAdam(ours, betas=(0.9, 0.999), nus=(1.0, 1.0)), ours, 100)
    walk(torch.optim.Adam(theirs, foreach=False), theirs, 100)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_with_both_mixes_at_zero_it_goes_by_the_sign():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.QHAdam([x], lr=0.5, nus=(0.0, 0.0), eps=0.0)
    assert [s.item() for s in steps_of(opt, x, [1e-3, -7.0, 1e5])] == [-0.5, 0.5, -0.5]


def test_a_mix_below_one_bounds_the_step_of_a_gradient_larger_than_all_before():
    # Ma & Yarats 2019: Adam's first large gradient may step far beyond lr.
    def leap(nus):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = thalweg.QHAdam([x], lr=1.0, betas=(0.9, 0.999), nus=nus, eps=0.0)
        return abs(steps_of(opt, x, [1e-6] * 300 + [1.0])[-1].item())

    assert leap((1.0, 1.0)) > 1.5
    assert leap((1.0, 0.5)) < 0.2


def test_scheduled_betas_are_corrected_by_their_products():
    from thalweg.schedules import ramp

    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.QHAdam([x], lr=1.0, betas=(ramp(0.0, 0.9, steps=50), 0.999), eps=0.0)
    # A constant gradient has itself for a mean, whatever its weights: every step is lr long.
    moved = [s.item() for s in steps_of(opt, x, [3.0] * 60)]
    assert moved == pytest.approx([-1.0] * 60, rel=1e-12)


def test_the_two_mixes_are_one_argument():
    opt = thalweg.QHAdam([Parameter(torch.ones(1))])
    assert opt.param_groups[0]["nus"] == (0.7, 1.0)
    with pytest.raises(ValueError, match=r"^qhadam: nus=0\.5 is not 2 numbers"):
        thalweg.QHAdam([Parameter(torch.ones(1))], nus=0.5)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_zero_gradient_from_the_start_moves_nothing(engine):
    x = Parameter(torch.ones(9))
    assert steps_of(thalweg.QHAdam([x], engine=engine), x, [0.0, 0.0])[1].eq(0).all()
