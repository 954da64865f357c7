"""LARS gives every layer a rate of its own, in proportion to its length."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights

PLAIN = {"lr": 0.5, "momentum": 0.9, "weight_decay": 1e-2, "trust_coefficient": 0.02, "eps": 1e-8}
FLAGS = [
    {},
    {"momentum": 0.0, "weight_decay": 0.0},
    {"nesterov": True, "eps": 0.1},
    {"form": "velocity"},
    {"form": "velocity", "nesterov": True},
    {"weight_decay": 0.0, "always_adapt": False},
]
ENGINES = ["oracle", "eager", "cpu"]


def by_the_paper(
    params,
    steps,
    *,
    lr,
    momentum,
    weight_decay,
    trust_coefficient,
    eps,
    nesterov=False,
    form="sum",
    always_adapt=True,
):
    """Algorithm 1 of You et al. 2017, in NumPy, tensor by tensor; lr falls at every step."""
    found = [p.detach().numpy().copy() for p in params]
    velocity = [np.zeros_like(x) for x in found]
    for t, grads in enumerate(gradients(steps)):
        rate = lr * 0.9**t
        for i, grad in enumerate(grads):
            g = grad.numpy()
            own, slope = np.linalg.norm(found[i].ravel()), np.linalg.norm(g.ravel())
            local = 1.0
            if own > 0 and slope > 0 and (always_adapt or weight_decay):
                local = trust_coefficient * own / (slope + weight_decay * own + eps)
            # What is added to the velocity, and by what the velocity is multiplied at the end.
            push = local * (g + weight_decay * found[i]) * (rate if form == "velocity" else 1)
            velocity[i] = momentum * velocity[i] + push
            way = push + momentum * velocity[i] if nesterov else velocity[i]
            found[i] = found[i] - (1 if form == "velocity" else rate) * way
    return [torch.from_numpy(np.asarray(x)) for x in found]


def falling(opt, params, steps):
    for grads in gradients(steps):
        for param, grad in zip(params, grads, strict=True):
            param.grad = grad
        opt.step()
        opt.param_groups[0]["lr"] *= 0.9
    return [p.detach() for p in params]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_its_paper(flags, engine):
    given, params = {**PLAIN, **flags}, weights()
    expected = by_the_paper(params, 40, **given)
    found = falling(thalweg.LARS(params, engine=engine, **given), params, 40)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("engine", ENGINES)
def test_scaling_one_layers_gradients_leaves_its_steps_unchanged(engine):
    ended = []
    for scale in (1.0, 2.0**12):
        params = weights(torch.float32)
        opt = thalweg.LARS(params, eps=0.0, weight_decay=0.0, engine=engine)
        for grads in gradients(20):
            for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
                param.grad = ((grad + 1e-9) * (scale if i == 1 else 1.0)).float()
            opt.step()
        ended.append(params)
    assert all(torch.equal(a, b) for a, b in zip(*ended, strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_step_is_the_same_part_of_every_layers_length(engine):
    x = Parameter(torch.tensor([3.0, -4.0, 12.0], dtype=torch.float64))
    opt = thalweg.LARS([x], lr=2.0, weight_decay=0.0, eps=0.0, engine=engine)
    (step,) = steps_of(opt, x, [0.7])
    assert step.norm().item() == pytest.approx(2.0 * 1e-3 * 13.0, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_layer_that_starts_at_zero_takes_the_step_of_sgd(engine):
    x = Parameter(torch.zeros(4, dtype=torch.float64))
    (step,) = steps_of(thalweg.LARS([x], lr=0.1, eps=0.0, engine=engine), x, [7.0])
    torch.testing.assert_close(step, torch.full_like(step, -0.7), rtol=1e-12, atol=0)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_gradient_only_decay_moves(engine):
    # ‖g‖ = 0: the rate is 1, and θ loses lr·λ of itself.
    x = Parameter(torch.ones(4, dtype=torch.float64))
    opt = thalweg.LARS([x], lr=0.1, weight_decay=0.5, eps=0.0, engine=engine)
    (step,) = steps_of(opt, x, [0.0])
    torch.testing.assert_close(step, torch.full_like(step, -0.05), rtol=1e-12, atol=0)
    still = thalweg.LARS([x], weight_decay=0.0, eps=0.0, engine=engine)
    assert steps_of(still, x, [0.0])[0].eq(0).all()


def test_exempt_vectors_step_as_torchs_sgd_does():
    ours, theirs = weights(), weights()
    vectors = {"weight_decay": 0.0, "always_adapt": False}
    groups = [{"params": ours[:1], **vectors}, {"params": ours[1:]}]
    walk(thalweg.LARS(groups, lr=0.01), ours, 40)
    walk(torch.optim.SGD(theirs, lr=0.01, momentum=0.9, foreach=False), theirs, 40)
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-12, atol=1e-14)
    assert not torch.allclose(ours[1], theirs[1])


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match=r"^lars: nesterov=True needs a momentum above 0"):
        thalweg.LARS(weights(), nesterov=True, momentum=0.0)


def test_its_state_is_that_of_sgd():
    x = Parameter(torch.ones(3))
    opt = thalweg.LARS([x])
    steps_of(opt, x, [1.0])
    assert "momentum_buffer" in opt.state_dict()["state"][0]
