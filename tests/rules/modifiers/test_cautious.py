"""Cautious steps only where the rule and the gradient of now agree."""

import math

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.modifiers.walk import along_the_problem, assert_same, peer, slopes, starts, walked
from tests.rules.rival import steps_of
from thalweg import rules
from thalweg.rules.modifiers.cautious import is_decoupled
from thalweg.rules.modifiers.modifier import Inner

ENGINES = ["oracle", "eager", "cpu"]


def adamw_by_the_paper(steps, *, lr, wd, scaled=True, b1=0.9, b2=0.999, eps=1e-8):
    """Algorithm 1 of Liang et al. 2024 with the authors' floor, on AdamW, in NumPy."""
    found = starts()
    m, v = [np.zeros_like(x) for x in found], [np.zeros_like(x) for x in found]
    for t, grads in enumerate(slopes(steps), start=1):
        for i, g in enumerate(grads):
            found[i] = found[i] - lr * wd * found[i]
            m[i] = b1 * m[i] + (1 - b1) * g
            v[i] = b2 * v[i] + (1 - b2) * g * g
            u = (m[i] / (1 - b1**t)) / (np.sqrt(v[i] / (1 - b2**t)) + eps)
            mask = (u * g > 0).astype(float)
            if scaled:
                mask = mask / max(mask.mean(), 1e-3)
            found[i] = found[i] - lr * u * mask
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("wd", [0.0, 0.3])
def test_adamw_follows_the_paper(wd, scaled, engine):
    expected = adamw_by_the_paper(60, lr=0.01, wd=wd, scaled=scaled)
    rule = thalweg.cautious("adamw")
    found = walked(rule, 60, engine=engine, lr=0.01, weight_decay=wd, scaled=scaled)
    assert_same(found, expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["adamw", "lion"])
def test_it_goes_where_timm_goes(name, engine):
    given, weights = peer("timm", f"cautious_{name}")
    found = along_the_problem(thalweg.cautious(name), engine, **given)
    np.testing.assert_allclose(found, weights, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_velocity_that_the_gradient_contradicts_waits(engine):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.optimizer(thalweg.cautious("sgd"))([x], lr=0.1, momentum=0.9, engine=engine)
    first, second, third = steps_of(opt, x, [1.0, -0.5, 1.0])
    assert first.item() == pytest.approx(-0.1)
    assert second.item() == 0  # the velocity, 0.9 − 0.5, still goes the old way
    assert third.item() == pytest.approx(-0.1 * (0.9 * 0.4 + 1.0))  # and it went on meanwhile


@pytest.mark.parametrize("engine", ENGINES)
def test_where_all_agree_it_is_the_rule(engine):
    x = torch.linspace(0.5, 2, 9, dtype=torch.float64)
    moved = []
    for rule in ("adamw", thalweg.cautious("adamw")):
        param = Parameter(x.clone())
        steps_of(thalweg.optimizer(rule)([param], lr=0.1, engine=engine), param, [1.0, 2.0, 0.5])
        moved.append(param.detach())
    torch.testing.assert_close(*moved, rtol=1e-14, atol=0)


def rows(touched, of, **settings):
    """One step of an embedding of `of` rows, of which `touched` have a gradient."""
    x = Parameter(torch.zeros(of, dtype=torch.float64))
    opt = thalweg.optimizer(thalweg.cautious("sgd"))([x], lr=1.0, **settings)
    x.grad = torch.zeros_like(x)
    x.grad[:touched] = 1.0
    opt.step()
    return x.detach()


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_without_gradient_lengthen_the_others_steps_as_with_timm(engine):
    # numel / (sum + 1), as another library has it, would be 100 / 11.
    x = rows(10, of=100, engine=engine)
    assert x[:10].tolist() == pytest.approx([-10.0] * 10)
    assert x[10:].eq(0).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_no_step_is_more_than_a_thousand_times_as_long(engine):
    assert rows(1, of=5000, engine=engine)[0].item() == pytest.approx(-1000)  # not −5000


@pytest.mark.parametrize("engine", ENGINES)
def test_unscaled_a_step_is_as_long_as_the_rule_s(engine):
    assert rows(1, of=5000, engine=engine, scaled=False)[0].item() == -1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_zero_gradient_is_no_agreement(engine):
    # Signs compared as bits would call zero positive.
    x = Parameter(torch.ones(4, dtype=torch.float64))
    opt = thalweg.optimizer(thalweg.cautious("sgd"))([x], lr=0.1, momentum=0.9, engine=engine)
    assert steps_of(opt, x, [-1.0, 0.0])[1].eq(0).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_decay_pulls_at_all_weights_whatever_the_step(engine):
    # Another meaning of "cautious": to decay only where step and weight have the same sign.
    x = Parameter(torch.tensor([2.0, -2.0], dtype=torch.float64))
    settings = {"lr": 0.1, "weight_decay": 0.5, "engine": engine}
    opt = thalweg.optimizer(thalweg.cautious("adamw"))([x], **settings)
    steps_of(opt, x, [0.0])
    assert x.tolist() == [2.0 * (1 - 0.1 * 0.5), -2.0 * (1 - 0.1 * 0.5)]


@pytest.mark.parametrize("engine", ENGINES)
def test_coupled_decay_is_part_of_the_step(engine):
    # θ = 1, g = −0.1, λ = 0.5: the step goes down, the loss's own gradient says up.
    x = Parameter(torch.ones(1, dtype=torch.float64))
    opt = thalweg.optimizer(thalweg.cautious("sgd"))([x], lr=1.0, weight_decay=0.5, engine=engine)
    assert steps_of(opt, x, [-0.1])[0].item() == 0


def test_maximize_with_decay_agrees_with_the_gradient_turned_round():
    # The gradient is turned before anything else, so decay still shrinks.
    turned = Parameter(torch.tensor([1.0, -3.0], dtype=torch.float64))
    plain = Parameter(turned.detach().clone())
    rule, settings = thalweg.cautious("adamw"), {"lr": 0.1, "weight_decay": 0.3}
    steps_of(thalweg.optimizer(rule)([turned], maximize=True, **settings), turned, [1.0, -0.2])
    steps_of(thalweg.optimizer(rule)([plain], **settings), plain, [-1.0, 0.2])
    assert torch.equal(turned, plain)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_small_numbers_agree_though_their_product_is_zero(engine):
    x = Parameter(torch.zeros(3))
    opt = thalweg.optimizer(thalweg.cautious("sgd"))([x], lr=1e-10, engine=engine)
    moved = steps_of(opt, x, [1e-25])[0]
    assert moved.lt(0).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scaled", [True, False])
def test_a_gradient_of_nan_does_not_hide(scaled, engine):
    x = Parameter(torch.ones(3))
    rule = thalweg.cautious("adamw", scaled=scaled)
    steps_of(thalweg.optimizer(rule)([x], engine=engine), x, [math.nan])
    assert x.isnan().all()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_empty_tensor_is_no_trouble(engine):
    x = Parameter(torch.zeros(0))
    x.grad = torch.zeros(0)
    thalweg.optimizer(thalweg.cautious("adamw"))([x], engine=engine).step()
    assert x.numel() == 0


def test_the_mean_is_each_tensor_s_own():
    a, b = Parameter(torch.zeros(4)), Parameter(torch.zeros(4))
    a.grad, b.grad = torch.tensor([1.0, 0, 0, 0]), torch.ones(4)
    thalweg.optimizer(thalweg.cautious("sgd"))([a, b], lr=1.0).step()
    assert (a[0].item(), b[0].item()) == (-4.0, -1.0)


@pytest.mark.parametrize(("scaled", "reads"), [(True, 2), (False, 1)])
def test_only_the_scale_asks_for_a_second_trip(scaled, reads):
    x = Parameter(torch.zeros(100))
    opt = thalweg.optimizer(thalweg.cautious("sgd"))([x], momentum=0.9, scaled=scaled)
    # Each trip reads param, grad and momentum_buffer; the last writes param and momentum_buffer.
    assert opt.plan().traffic == 100 * 4 * (3 * reads + 2)


DECOUPLED = {
    "adamw": True,
    "lion": True,
    "sgdw": True,
    "adam": False,
    "sgd": False,
    "aggmo": False,
    "asgd": False,
    "rprop": False,
}


@pytest.mark.parametrize(("name", "expected"), DECOUPLED.items())
def test_whether_decay_is_decoupled_is_seen_from_outside(name, expected):
    rule = rules.find(name)
    numbers = {**rule.defaults, **rule.starts(rule.defaults)}
    assert is_decoupled(Inner(rule, (), numbers)) == expected


@pytest.mark.parametrize("name", ["adam", "sgd", "nadam", "qhadam", "adopt", "rmsprop"])
@pytest.mark.parametrize("flag", [False, True, 0, 1])
def test_a_flag_for_decoupled_decay_is_heeded(name, flag):
    rule = rules.find(name)
    numbers = {**rule.defaults, **rule.starts(rule.defaults), "decoupled_weight_decay": flag}
    assert is_decoupled(Inner(rule, (), numbers)) == bool(flag)


@pytest.mark.parametrize("name", ["schedulefree_sgd", "schedulefree_adamw"])
def test_a_rule_whose_other_weights_would_lose_track_is_refused(name):
    with pytest.raises(TypeError, match=f"^cautious: {name} keeps weights in 'z'"):
        thalweg.cautious(name)
