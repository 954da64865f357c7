"""DAdaptAdam finds its learning rate from a lower bound on the way to go."""

from itertools import pairwise
from math import inf, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, same_on_any_threads, steps_of, walk, weights

ENGINES = ["oracle", "eager", "cpu"]
PLAIN = {"lr": 1.0, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "wd": 0.0, "d0": 1e-6}
FLAGS = [
    {},
    {"d0": 0.01, "wd": 0.1, "bias": True, "decouple": True, "growth": 1.1},
    {"d0": 0.01, "wd": 0.1, "b2": 0.9, "eps": 1e-3, "lr": 0.5},
]
NAMES = {"wd": "weight_decay", "bias": "use_bias_correction", "growth": "growth_rate"}


def by_its_authors(
    params, steps, *, lr, b1, b2, eps, wd, d0, bias=False, decouple=False, growth=inf
):
    """What the authors' program does, over one long vector, in NumPy; and the last d."""
    shapes = [p.shape for p in params]
    start = np.concatenate([p.detach().numpy().ravel() for p in params])
    x, m, v, s = start.copy(), *(np.zeros_like(start) for _ in range(3))
    root, d, above = sqrt(b2), d0, 0.0
    for t, grads in enumerate(gradients(steps), start=1):
        g = np.concatenate([grad.numpy().ravel() for grad in grads])
        g = g if decouple else g + wd * x
        rate = d * lr * (sqrt(1 - b2**t) / (1 - b1**t) if bias else 1)
        above = root * above + (1 - root) * rate * (g @ (s / (np.sqrt(v) + eps)))
        m = b1 * m + (1 - b1) * rate * g
        v = b2 * v + (1 - b2) * g**2
        s = root * s + (1 - root) * rate * g
        found = above / ((1 - root) * np.abs(s).sum())
        d = max(d, min(found, d * growth))
        x = x - (wd * rate * x if decouple else 0) - m / (np.sqrt(v) + eps)
    parts = np.split(x, np.cumsum([s.numel() for s in shapes])[:-1])
    return [torch.from_numpy(p).reshape(s) for p, s in zip(parts, shapes, strict=True)], d


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_its_authors_over_three_tensors(flags, engine):
    given, params = {**PLAIN, **flags}, weights()
    expected, d = by_its_authors(params, 60, **given)
    betas = given.pop("b1"), given.pop("b2")
    given = {NAMES.get(name, name): value for name, value in given.items()}
    opt = thalweg.DAdaptAdam(params, betas=betas, engine=engine, **given)
    torch.testing.assert_close(walk(opt, params, 60), expected, rtol=1e-9, atol=1e-11)
    (found,) = {opt.state[p]["d"] for p in params}
    assert found == pytest.approx(d, rel=1e-9)
    assert d > given["d0"]


@given(grads=some.lists(some.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_d_never_falls(grads):
    x = Parameter(torch.zeros(2, dtype=torch.float64))
    opt = thalweg.DAdaptAdam([x], d0=0.1, engine="oracle")
    seen = [0.1]
    for grad in grads:
        steps_of(opt, x, [grad])
        seen.append(opt.state[x]["d"])
    assert sorted(seen) == seen


@pytest.mark.parametrize("engine", ENGINES)
def test_growth_is_held_back(engine):
    x = Parameter(torch.zeros(2, dtype=torch.float64))
    opt = thalweg.DAdaptAdam([x], d0=1e-3, growth_rate=1.25, engine=engine)
    seen = [1e-3]
    for _ in range(30):
        steps_of(opt, x, [1.0])
        seen.append(opt.state[x]["d"])
    growths = [b / a for a, b in pairwise(seen)]
    assert max(growths) == pytest.approx(1.25, rel=1e-12)


def test_where_d_is_held_it_is_torchs_adam():
    # With growth_rate=1 d stays at d₀, and constant rates may stand inside the average.
    ours, theirs = weights(), weights()
    flags = {"d0": 0.01, "growth_rate": 1.0, "betas": (0.0, 0.999), "eps": 1e-30}
    walk(thalweg.DAdaptAdam(ours, use_bias_correction=True, **flags), ours, 50)
    walk(torch.optim.Adam(theirs, 0.01, (0.0, 0.999), 1e-30, foreach=False), theirs, 50)
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_frozen_group_rests_and_has_no_say(engine):
    alone, both = weights(), weights()
    opt = thalweg.DAdaptAdam(alone[:1], d0=0.01, engine=engine)
    for grads in gradients(30):
        alone[0].grad = grads[0]
        opt.step()
    groups = [{"params": both[:1]}, {"params": both[1:], "lr": 0.0}]
    walk(thalweg.DAdaptAdam(groups, d0=0.01, engine=engine), both, 30)
    torch.testing.assert_close(both[0], alone[0], rtol=1e-11, atol=1e-13)
    assert all(torch.equal(a, b) for a, b in zip(both[1:], weights()[1:], strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_first_gradients_of_zero_move_nothing_and_break_nothing(engine):
    x = Parameter(torch.ones(3))
    opt = thalweg.DAdaptAdam([x], d0=1e-3, engine=engine)
    assert all(step.eq(0).all() for step in steps_of(opt, x, [0.0, 0.0]))
    (step,) = steps_of(opt, x, [1.0])
    assert step.isfinite().all()
    assert step.ne(0).all()


def test_the_sums_do_not_depend_on_the_number_of_threads():
    opt, params = same_on_any_threads(
        lambda params: thalweg.DAdaptAdam(params, d0=0.1, engine="cpu"), 4, lambda param: 1.0
    )
    assert opt.state[params[0]]["numerator_weighted"] != 0


def test_its_states_have_the_authors_names():
    x = Parameter(torch.ones(3))
    opt = thalweg.DAdaptAdam([x])
    steps_of(opt, x, [1.0])
    names = {"s", "exp_avg", "exp_avg_sq", "d", "numerator_weighted"}
    assert set(opt.state_dict()["state"][0]) >= names


@pytest.mark.parametrize("name", ["d0", "eps"])
def test_what_may_not_be_zero_is_refused(name):
    with pytest.raises(ValueError, match=rf"^dadapt_adam: {name}=0 "):
        thalweg.DAdaptAdam([Parameter(torch.ones(1))], **{name: 0.0})
