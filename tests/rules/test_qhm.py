"""QHM mixes the gradient with its average, and has gradient descent and Nesterov at its corners."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, beta, nu, wd, decoupled):
    """QHM as Ma & Yarats 2019 write it, with either decay, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    means = [np.zeros_like(x) for x in found]
    for grads in gradients(steps):
        for i, grad in enumerate(grads):
            g = grad.numpy() + (0 if decoupled else wd * found[i])
            means[i] = beta * means[i] + (1 - beta) * g
            kept = found[i] * (1 - lr * wd) if decoupled else found[i]
            found[i] = kept - lr * ((1 - nu) * g + nu * means[i])
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("flags", [(0.0, False), (0.3, False), (0.3, True)], ids=str)
def test_it_follows_its_paper(flags, engine):
    wd, decoupled = flags
    params = weights()
    expected = by_the_paper(params, 100, lr=0.1, beta=0.99, nu=0.6, wd=wd, decoupled=decoupled)
    opt = thalweg.QHM(
        params,
        lr=0.1,
        momentum=0.99,
        nu=0.6,
        weight_decay=wd,
        decoupled_weight_decay=decoupled,
        engine=engine,
    )
    for mine, other in zip(walk(opt, params, 100), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


CORNERS = [
    ({"nu": 0.0}, {"lr": 0.1}),
    ({"nu": 1.0}, {"lr": 0.1 * (1 - 0.9), "momentum": 0.9}),
    ({"nu": 0.9}, {"lr": 0.1 * (1 - 0.9), "momentum": 0.9, "nesterov": True}),
]


@pytest.mark.parametrize(("ours", "theirs"), CORNERS, ids=["plain", "momentum", "nesterov"])
def test_its_corners_are_torch_s_sgd_with_lr_divided_by_the_gain(ours, theirs):
    mine, other = weights(), weights()
    walk(thalweg.QHM(mine, lr=0.1, momentum=0.9, weight_decay=0.2, **ours), mine, 60)
    walk(torch.optim.SGD(other, weight_decay=0.2, foreach=False, **theirs), other, 60)
    torch.testing.assert_close(mine, other, rtol=1e-11, atol=1e-13)


def test_the_first_step_is_short_by_what_the_average_has_not_seen():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    first = steps_of(thalweg.QHM([x], lr=1.0), x, [1.0])[0].item()
    assert first == pytest.approx(-(0.3 + 0.7 * 0.001), rel=1e-12)


def test_a_constant_gradient_is_stepped_along_with_a_gain_of_one():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    last = steps_of(thalweg.QHM([x], lr=0.1, momentum=0.9), x, [1.0] * 400)[-1].item()
    assert last == pytest.approx(-0.1, rel=1e-12)


def test_a_mix_above_one_is_refused():
    with pytest.raises(ValueError, match=r"^qhm: nu=1\.5 is outside \[0, 1\]"):
        thalweg.QHM([Parameter(torch.ones(1))], nu=1.5)
