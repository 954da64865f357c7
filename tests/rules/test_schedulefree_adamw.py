"""Schedule-free AdamW trains Adam's steps at a mix of the iterate and its average."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights
from thalweg import rules

RULE = rules.find("schedulefree_adamw")


def by_the_paper(params, steps, *, lr, betas, eps, wd, warmup, r, power):
    """The three sequences x, y, z of Algorithm 1, each kept; returns y and x."""
    x, z, y = ([p.detach().clone() for p in params] for _ in range(3))
    squares = [torch.zeros_like(p) for p in x]
    weights_so_far, largest = 0.0, 0.0
    for t, grads in enumerate(gradients(steps), start=1):
        rate = lr * (min(1.0, t / warmup) if warmup else 1.0)
        largest = max(largest, rate)
        weight = t**r * largest**power
        weights_so_far += weight
        share = weight / weights_so_far
        for i, grad in enumerate(grads):
            squares[i] = betas[1] * squares[i] + (1 - betas[1]) * grad**2
            step = grad / ((squares[i] / (1 - betas[1] ** t)).sqrt() + eps)
            z[i] = z[i] - rate * (step + wd * y[i])
            x[i] = (1 - share) * x[i] + share * z[i]
            y[i] = (1 - betas[0]) * z[i] + betas[0] * x[i]
    return y, x


PLAIN = {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "wd": 0.0, "warmup": 0, "r": 0.0}
FLAGS = [
    {**PLAIN, "power": 2.0},
    {**PLAIN, "power": 2.0, "wd": 0.1, "warmup": 10},
    {**PLAIN, "power": 1.0, "r": 1.5, "betas": (0.95, 0.9), "eps": 1e-3},
]
NAMES = {"wd": "weight_decay", "warmup": "warmup_steps", "power": "weight_lr_power"}


def averages(opt, params):
    hypers = {**RULE.defaults, "beta1": opt.param_groups[0]["betas"][0]}
    states = [[opt.state[p][slot.name] for slot in RULE.slots] for p in params]
    return [RULE.averaged(p.detach(), *s, **hypers) for p, s in zip(params, states, strict=True)]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_its_paper(flags, engine):
    params = weights()
    held, means = by_the_paper(params, 80, **flags)
    given = {NAMES.get(name, name): value for name, value in flags.items()}
    opt = thalweg.ScheduleFreeAdamW(params, engine=engine, **given)
    found = walk(opt, params, 80)
    torch.testing.assert_close(found, held, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(averages(opt, params), means, rtol=1e-11, atol=1e-12)


def test_z_is_torch_s_adam_without_momentum():
    ours, theirs = weights(), weights()
    opt = thalweg.ScheduleFreeAdamW(ours, lr=0.01)
    walk(opt, ours, 50)
    walk(torch.optim.Adam(theirs, lr=0.01, betas=(0.0, 0.999), foreach=False), theirs, 50)
    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(opt.state[p]["z"], q.detach(), rtol=1e-12, atol=1e-14)


def test_the_average_is_the_running_mean_of_z():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.ScheduleFreeAdamW([x], lr=0.5)
    seen = []
    for grad in (1.0, -2.0, 0.5, 4.0, -1.0):
        steps_of(opt, x, [grad])
        seen.append(opt.state[x]["z"].item())
        (mean,) = averages(opt, [x])
        assert mean.item() == pytest.approx(sum(seen) / len(seen), rel=1e-12)


def test_decay_is_taken_where_the_gradient_is_and_past_the_average_of_squares():
    x = Parameter(torch.full((1,), 2.0, dtype=torch.float64))
    opt = thalweg.ScheduleFreeAdamW([x], lr=0.1, weight_decay=0.5)
    steps_of(opt, x, [0.0])
    assert opt.state[x]["exp_avg_sq"].item() == 0
    assert opt.state[x]["z"].item() == pytest.approx(2.0 - 0.1 * 0.5 * 2.0, rel=1e-15)


def test_a_scheduled_beta2_is_corrected_by_its_product():
    from thalweg.schedules import ramp

    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.ScheduleFreeAdamW([x], lr=1.0, betas=(0.9, ramp(0.5, 0.99, steps=20)), eps=0.0)
    # A constant gradient is its own root mean square, so z takes steps of lr throughout.
    steps_of(opt, x, [3.0] * 30)
    assert opt.state[x]["z"].item() == pytest.approx(-30.0, rel=1e-12)


def test_without_beta1_there_is_no_average_to_find():
    with pytest.raises(ValueError, match=r"^schedulefree_adamw: beta1=0 leaves no trace"):
        thalweg.ScheduleFreeAdamW([Parameter(torch.ones(1))], betas=(0.0, 0.999))


def test_it_keeps_as_much_as_adam():
    x = Parameter(torch.zeros(8))
    ours, adam = thalweg.ScheduleFreeAdamW([x]), thalweg.Adam([x])
    assert ours.plan().state_bytes == adam.plan().state_bytes
