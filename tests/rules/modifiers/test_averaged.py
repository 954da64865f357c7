"""Averaged steps as the rule does, and keeps an average beside."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, walk, weights

ENGINES = ["oracle", "eager", "cpu"]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_steps_are_the_rule_s_bit_for_bit(engine):
    plain, averaged = weights(), weights()
    walk(thalweg.AdamW(plain, lr=0.1, engine=engine), plain, 20)
    kind = thalweg.optimizer(thalweg.averaged("adamw", 0.9))
    walk(kind(averaged, lr=0.1, engine=engine), averaged, 20)
    assert all(torch.equal(a, b) for a, b in zip(plain, averaged, strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_average_forgets_by_its_decay_and_starts_at_the_weights(engine):
    params = weights()
    opt = thalweg.optimizer(thalweg.averaged("sgd", decay=0.8))(params, lr=0.1, engine=engine)
    places = [[p.detach().numpy().copy() for p in params]]
    for grads in gradients(12):
        for param, grad in zip(params, grads, strict=True):
            param.grad = grad
        opt.step()
        places.append([p.detach().numpy().copy() for p in params])
    for i, param in enumerate(params):
        # In closed form: 0.8ᵗ of the start, and 0.2 · 0.8ᵃ of the place a steps ago.
        expected = 0.8**12 * places[0][i]
        expected = expected + sum(0.2 * 0.8 ** (12 - t) * places[t][i] for t in range(1, 13))
        np.testing.assert_allclose(opt.state[param]["average"].numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_it_keeps_what_the_keyword_average_keeps_bit_for_bit(engine):
    one, other = weights(), weights()
    by_keyword = thalweg.AdamW(one, lr=0.1, average=0.9, engine=engine)
    walk(by_keyword, one, 20)
    by_rule = thalweg.optimizer(thalweg.averaged("adamw", 0.9))(other, lr=0.1, engine=engine)
    walk(by_rule, other, 20)
    for a, b in zip(one, other, strict=True):
        assert torch.equal(by_keyword.state[a]["average"], by_rule.state[b]["average"])


def test_the_average_is_what_to_evaluate():
    rule = thalweg.averaged("adamw").rule
    states = [float(place) for place, _ in enumerate(rule.slots)]
    found = rule.averaged(9.0, *states, **rule.defaults)
    assert found == [slot.name for slot in rule.slots].index("average")


def test_other_modifiers_pass_on_what_the_rule_evaluates():
    inner, outer = thalweg.rules.find("asgd"), thalweg.cautious("asgd").rule
    assert outer.averaged(1.0, 7.0, **outer.defaults) == 7.0
    assert inner.averaged is not None
    assert thalweg.cautious("adam").rule.averaged is None


def test_its_decay_may_be_on_a_schedule():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    ramp = thalweg.schedules.ramp(0.0, 1.0, steps=2)
    opt = thalweg.optimizer(thalweg.averaged("sgd", 0.5))([x], lr=1.0, decay=ramp)
    seen = []
    for _ in range(3):
        x.grad = torch.full_like(x, -1.0)
        opt.step()
        seen.append(opt.state[x]["average"].item())
    assert seen == [1.0, 1.5, 1.5]  # all of 1, half of 2, none of 3


def test_two_averages_are_refused():
    with pytest.raises(TypeError, match=r"^averaged: averaged_sgd has 'average' already"):
        thalweg.averaged(thalweg.averaged("sgd"))
    with pytest.raises(ValueError, match=r"^averaged_sgd: average=0.9 is not one of None"):
        thalweg.optimizer(thalweg.averaged("sgd"))([Parameter(torch.zeros(1))], average=0.9)
