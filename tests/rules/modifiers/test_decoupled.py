"""Decoupled decay pulls at the weights before the rule's step."""

import pytest
import torch

import thalweg
from tests.rules.modifiers.walk import assert_same, slopes, starts, walked

ENGINES = ["oracle", "eager", "cpu"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("wd", [0.0, 0.3])
def test_adam_becomes_adamw_bit_for_bit(wd, engine):
    settings = {"lr": 0.1, "weight_decay": wd, "engine": engine}
    found = walked(thalweg.decoupled("adam"), 30, **settings)
    expected = walked("adamw", 30, **settings)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_adamw_stays_adamw_bit_for_bit(engine):
    settings = {"lr": 0.1, "weight_decay": 0.3, "engine": engine}
    found = walked(thalweg.decoupled("adamw"), 30, **settings)
    expected = walked("adamw", 30, **settings)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def aggmo_decoupled(steps, *, lr, wd, betas=(0.0, 0.9, 0.99)):
    """Lucas et al. 2018, with the weights shrunk before each step, in NumPy."""
    found = starts()
    speeds = [[0 * x for _ in betas] for x in found]
    for grads in slopes(steps):
        for i, g in enumerate(grads):
            found[i] = (1 - lr * wd) * found[i]
            speeds[i] = [b * s + g for b, s in zip(betas, speeds[i], strict=True)]
            found[i] = found[i] - lr / len(betas) * sum(speeds[i])
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rule_that_only_knows_coupled_decay_decays_past_its_velocities(engine):
    expected = aggmo_decoupled(30, lr=0.01, wd=0.3)
    found = walked(thalweg.decoupled("aggmo"), 30, lr=0.01, weight_decay=0.3, engine=engine)
    assert_same(found, expected, rtol=1e-12)


def test_what_has_no_decay_is_refused():
    with pytest.raises(TypeError, match=r"^decoupled: rprop has no weight_decay"):
        thalweg.decoupled("rprop")
