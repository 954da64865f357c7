"""LAMB moves every layer by the same part of its own length."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, same_on_any_threads, steps_of, walk, weights

PLAIN = {"lr": 0.01, "b1": 0.9, "b2": 0.999, "eps": 1e-6, "wd": 0.01}
FLAGS = [
    {},
    {"wd": 0.0},
    {"wd": 0.0, "always_adapt": False},
    {"bias_correction": False, "wd": 0.3, "b1": 0.8, "b2": 0.95},
    {"trust_clip": True, "max_grad_norm": 1.0, "eps": 1e-3},
]
NAMES = {"wd": "weight_decay"}
ENGINES = ["oracle", "eager", "cpu"]


def by_the_paper(
    params,
    steps,
    *,
    lr,
    b1,
    b2,
    eps,
    wd,
    bias_correction=True,
    always_adapt=True,
    trust_clip=False,
    max_grad_norm=None,
):
    """Algorithm 2 of You et al. 2020 with NVIDIA's clipping, in NumPy, tensor by tensor."""
    found = [p.detach().numpy().copy() for p in params]
    m = [np.zeros_like(x) for x in found]
    v = [np.zeros_like(x) for x in found]
    for t, grads in enumerate(gradients(steps), start=1):
        whole = np.sqrt(sum((g.numpy() ** 2).sum() for g in grads))
        for i, grad in enumerate(grads):
            g = grad.numpy() / (max(1.0, whole / max_grad_norm) if max_grad_norm else 1.0)
            m[i] = b1 * m[i] + (1 - b1) * g
            v[i] = b2 * v[i] + (1 - b2) * g**2
            mean, square = m[i], v[i]
            if bias_correction:
                mean, square = mean / (1 - b1**t), square / (1 - b2**t)
            u = mean / (np.sqrt(square) + eps) + wd * found[i]
            own, way = np.linalg.norm(found[i].ravel()), np.linalg.norm(u.ravel())
            trust = own / way if own > 0 and way > 0 and (always_adapt or wd) else 1.0
            found[i] = found[i] - lr * (min(trust, 1.0) if trust_clip else trust) * u
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_its_paper(flags, engine):
    given, params = {**PLAIN, **flags}, weights()
    expected = by_the_paper(params, 60, **given)
    betas = given.pop("b1"), given.pop("b2")
    given = {NAMES.get(name, name): value for name, value in given.items()}
    opt = thalweg.LAMB(params, betas=betas, engine=engine, **given)
    torch.testing.assert_close(walk(opt, params, 60), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("engine", ENGINES)
def test_scaling_one_layers_gradients_leaves_its_steps_unchanged(engine):
    ended = []
    for scale in (1.0, 2.0**12):
        params = weights(torch.float32)
        opt = thalweg.LAMB(params, lr=0.1, eps=0.0, weight_decay=0.1, engine=engine)
        for grads in gradients(20):
            for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
                param.grad = ((grad + 1e-9) * (scale if i == 1 else 1.0)).float()
            opt.step()
        ended.append(params)
    assert all(torch.equal(a, b) for a, b in zip(*ended, strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_every_step_is_the_same_part_of_the_layers_length(engine):
    x = Parameter(torch.tensor([3.0, -4.0, 12.0], dtype=torch.float64))
    opt = thalweg.LAMB([x], lr=0.1, engine=engine)
    for grad in (1.0, -5.0, 0.01):
        length = x.detach().norm().item()
        (step,) = steps_of(opt, x, [grad])
        assert step.norm().item() == pytest.approx(0.1 * length, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_layer_that_starts_at_zero_can_leave_it(engine):
    x = Parameter(torch.zeros(4, dtype=torch.float64))
    (step,) = steps_of(thalweg.LAMB([x], lr=0.1, eps=0.0, engine=engine), x, [7.0])
    torch.testing.assert_close(step, torch.full_like(step, -0.1), rtol=1e-12, atol=0)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_gradient_and_decay_nothing_moves(engine):
    x = Parameter(torch.ones(4))
    opt = thalweg.LAMB([x], weight_decay=0.0, max_grad_norm=1.0, engine=engine)
    assert all(step.eq(0).all() for step in steps_of(opt, x, [0.0, 0.0]))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gradient_of_nan_stays_in_its_own_weight(engine):
    x = Parameter(torch.ones(3))
    opt = thalweg.LAMB([x], engine=engine)
    x.grad = torch.tensor([1.0, float("nan"), -1.0])
    opt.step()
    assert x.isnan().tolist() == [False, True, False]


def test_exempt_vectors_step_as_torchs_adam_does():
    ours, theirs = weights(), weights()
    vectors = {"weight_decay": 0.0, "always_adapt": False}
    groups = [{"params": ours[:1], **vectors}, {"params": ours[1:]}]
    walk(thalweg.LAMB(groups, lr=0.01), ours, 40)
    walk(torch.optim.Adam(theirs, lr=0.01, eps=1e-6, foreach=False), theirs, 40)
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-12, atol=1e-14)
    assert not torch.allclose(ours[1], theirs[1])


def test_the_norms_do_not_depend_on_the_number_of_threads():
    same_on_any_threads(lambda params: thalweg.LAMB(params, max_grad_norm=1.0, engine="cpu"))


def test_its_states_are_those_of_adam():
    x = Parameter(torch.ones(3))
    opt = thalweg.LAMB([x])
    steps_of(opt, x, [1.0])
    assert set(opt.state_dict()["state"][0]) >= {"exp_avg", "exp_avg_sq", "step"}
