"""Bias correction is right while a decay is on a schedule: it divides by the running product."""

import math

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import kind, steps_of
from thalweg.rules.fading import Fading, Step
from thalweg.schedules import ramp

GRADS = [1.0, -2.0, 0.5, 3.0, 1.5, -1.0, 0.25, 4.0, -3.0, 2.0]
BETA1 = [0.5 + 0.04 * t for t in range(10)]
BETA2 = [0.9 + 0.0099 * t for t in range(10)]


def adam(rates, b1, b2, grads, eps=1e-8):
    """Adam with explicit products, in Python floats, from 0."""
    x = m = v = 0.0
    left1 = left2 = 1.0
    for lr, beta1, beta2, g in zip(rates, b1, b2, grads, strict=True):
        left1, left2 = left1 * beta1, left2 * beta2
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        x -= lr * m / (1 - left1) / (math.sqrt(v / (1 - left2)) + eps)
    return x


def test_its_power_at_the_step_is_the_product_and_only_there():
    beta = Fading(0.9, step=3, product=0.125)
    assert beta ** Step(3) == 0.125
    assert beta ** Step(4) == 0.9**4
    assert beta**3 == 0.9**3
    assert beta**2 == 0.9**2
    assert 1 - beta == 1 - 0.9


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_scheduled_betas_are_corrected_by_their_products(name, engine):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    betas = (ramp(0.5, 0.9, steps=10), ramp(0.9, 0.999, steps=10))
    opt = kind(name)([x], lr=0.1, betas=betas, weight_decay=0.0, engine=engine)
    steps_of(opt, x, GRADS)
    expected = adam([0.1] * 10, BETA1, BETA2, GRADS)
    assert x.item() == pytest.approx(expected, rel=1e-12)


def test_betas_written_by_a_torch_scheduler_are_corrected_too():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adam([x], lr=0.1, engine="eager")
    scheduler = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.5, total_steps=10)
    rates, firsts = [], []
    for g in GRADS:
        rates.append(opt.param_groups[0]["lr"])
        firsts.append(opt.param_groups[0]["betas"][0])
        steps_of(opt, x, [g])
        if len(rates) < 10:
            scheduler.step()
    assert len(set(firsts)) > 5
    assert x.item() == pytest.approx(adam(rates, firsts, [0.999] * 10, GRADS), rel=1e-12)


def test_adamax_corrects_by_the_product():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adamax(
        [x], lr=0.1, betas=(ramp(0.5, 0.9, steps=10), 0.999), eps=0.0, engine="eager"
    )
    steps_of(opt, x, GRADS)
    y = m = u = 0.0
    left = 1.0
    for b, g in zip(BETA1, GRADS, strict=True):
        left *= b
        m, u = b * m + (1 - b) * g, max(0.999 * u, abs(g))
        y -= 0.1 / (1 - left) * m / u
    assert x.item() == pytest.approx(y, rel=1e-12)


def test_a_constant_beta_is_its_power_to_the_last_bit():
    ends = []
    for beta1 in (0.9, ramp(0.9, 0.9, steps=5)):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = thalweg.Adam([x], lr=0.1, betas=(beta1, 0.999), engine="eager")
        steps_of(opt, x, GRADS)
        ends.append(x.item())
    assert ends[0] == ends[1]


def change(opt, betas):
    opt.param_groups[0]["betas"] = betas


def test_a_member_that_sat_out_the_change_is_corrected_by_its_own_product():
    a, b = (Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    opt = thalweg.Adam([a, b], lr=0.1, engine="eager")
    a.grad, b.grad = torch.ones_like(a), torch.ones_like(b)
    opt.step()
    change(opt, (0.5, 0.9))
    b.grad = None
    opt.step()
    steps_of(opt, b, [3.0])
    assert b.item() == pytest.approx(adam([0.1] * 2, [0.9, 0.5], [0.999, 0.9], [1.0, 3.0]))


def resumed(opt, x):
    other = thalweg.Adam([x], lr=0.1, engine="eager")
    other.load_state_dict(opt.state_dict())
    return other


@pytest.mark.parametrize("copied", [resumed, lambda opt, x: opt], ids=["resumed", "uninterrupted"])
@pytest.mark.parametrize("moment", ["before the change", "after the change", "a step later"])
def test_a_resumed_run_knows_the_products(copied, moment):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adam([x], lr=0.1, engine="eager")
    steps_of(opt, x, GRADS[:5])
    if moment == "before the change":
        opt = copied(opt, x)
    change(opt, (0.5, 0.9))
    if moment == "after the change":
        opt = copied(opt, x)
    steps_of(opt, x, GRADS[5:6])
    if moment == "a step later":
        opt = copied(opt, x)
    steps_of(opt, x, GRADS[6:])
    b1, b2 = [0.9] * 5 + [0.5] * 5, [0.999] * 5 + [0.9] * 5
    assert x.item() == pytest.approx(adam([0.1] * 10, b1, b2, GRADS), rel=1e-12)


def test_a_group_that_moves_up_keeps_its_products():
    a, b = (Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    groups = [{"params": [a], "betas": (0.5, 0.9)}, {"params": [b], "betas": (0.9, 0.999)}]
    opt = thalweg.Adam(groups, lr=0.1, engine="eager")
    a.grad, b.grad = torch.ones_like(a), torch.ones_like(b)
    opt.step()
    del opt.param_groups[0]
    opt.step()
    assert b.item() == pytest.approx(adam([0.1] * 2, [0.9] * 2, [0.999] * 2, [1.0] * 2))


def test_torch_loads_a_run_whose_betas_changed():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adam([x], lr=0.1, betas=(ramp(0.5, 0.9, steps=3), 0.999), engine="eager")
    steps_of(opt, x, GRADS)
    theirs = torch.optim.Adam([x])
    theirs.load_state_dict(opt.state_dict())
    theirs.step()


def test_a_step_that_failed_leaves_the_products_alone():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adam([x], lr=0.1, betas=(ramp(0.5, 0.9, steps=3), 0.999), engine="eager")
    steps_of(opt, x, GRADS)
    before = {name: tuple(kept) for name, kept in opt.state[x]["decays"].items()}
    x.grad = torch.ones_like(x)
    kept, opt.state[x]["exp_avg"].data = opt.state[x]["exp_avg"].data, torch.zeros(7).double()
    with pytest.raises(RuntimeError):
        opt.step()
    assert opt.state[x]["decays"] == before
    opt.state[x]["exp_avg"].data = kept
