"""Prodigy finds its learning rate, and never takes it back."""

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
    {"d0": 0.1, "wd": 0.1, "bias": True, "b1": 0.0},
    {"d0": 0.01, "wd": 0.1, "decouple": False, "b3": 0.9, "lr": 0.5},
    {"d0": 0.01, "safeguard": True, "coef": 2.0, "growth": 1.02, "lr": 0.3},
]
NAMES = {
    "wd": "weight_decay",
    "bias": "use_bias_correction",
    "safeguard": "safeguard_warmup",
    "coef": "d_coef",
    "growth": "growth_rate",
    "b3": "beta3",
}


def by_its_authors(
    params,
    steps,
    *,
    lr,
    b1,
    b2,
    eps,
    wd,
    d0,
    b3=None,
    bias=False,
    decouple=True,
    safeguard=False,
    coef=1.0,
    growth=inf,
):
    """What the authors' program does, over one long vector, in NumPy; and every d."""
    shapes = [p.shape for p in params]
    start = np.concatenate([p.detach().numpy().ravel() for p in params])
    x, m, v, s = start.copy(), *(np.zeros_like(start) for _ in range(3))
    b3 = sqrt(b2) if b3 is None else b3
    d, largest, above, seen = d0, d0, 0.0, []
    for t, grads in enumerate(gradients(steps), start=1):
        g = np.concatenate([grad.numpy().ravel() for grad in grads])
        g = g if decouple else g + wd * x
        rate = d * lr * (sqrt(1 - b2**t) / (1 - b1**t) if bias else 1)
        above = b3 * above + d / d0 * rate * (g @ (start - x))
        m = b1 * m + (1 - b1) * d * g
        v = b2 * v + (1 - b2) * d**2 * g**2
        s = b3 * s + d / d0 * (d if safeguard else rate) * g
        found = coef * above / np.abs(s).sum()
        if d == d0:
            d = max(d, found)
        largest = max(largest, found)
        d = min(largest, d * growth)
        seen.append(d)
        x = x - (wd * rate * x if decouple else 0) - rate * m / (np.sqrt(v) + d * eps)
    parts = np.split(x, np.cumsum([s.numel() for s in shapes])[:-1])
    return [torch.from_numpy(p).reshape(s) for p, s in zip(parts, shapes, strict=True)], seen


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_its_authors_over_three_tensors(flags, engine):
    given, params = {**PLAIN, **flags}, weights()
    expected, seen = by_its_authors(params, 60, **given)
    betas = given.pop("b1"), given.pop("b2")
    given = {NAMES.get(name, name): value for name, value in given.items()}
    opt = thalweg.Prodigy(params, betas=betas, engine=engine, **given)
    torch.testing.assert_close(walk(opt, params, 60), expected, rtol=1e-10, atol=1e-12)
    (found,) = {opt.state[p]["d"] for p in params}
    assert found == pytest.approx(seen[-1], rel=1e-10)
    assert seen[-1] > given["d0"]


@pytest.mark.parametrize("growth", [None, inf, 1.5])
@given(grads=some.lists(some.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_d_never_falls(grads, growth):
    x = Parameter(torch.zeros(2, dtype=torch.float64))
    opt = thalweg.Prodigy([x], d0=0.1, growth_rate=growth, engine="oracle")
    seen = [0.1]
    for grad in grads:
        steps_of(opt, x, [grad])
        seen.append(opt.state[x]["d"])
    assert sorted(seen) == seen


def test_d_is_at_most_the_farthest_way_of_any_weight_in_a_convex_problem():
    # ⟨g, θ₀ − θ⟩ ≤ ⟨g, θ₀ − θ*⟩, so the weighted sum is at most ‖s‖₁ ‖θ₀ − θ*‖∞.
    goal = torch.tensor([0.3, -2.0, 1.0], dtype=torch.float64)
    curvature = torch.tensor([1.0, 10.0, 0.1], dtype=torch.float64)
    x = Parameter(torch.zeros(3, dtype=torch.float64))
    opt = thalweg.Prodigy([x], engine="oracle")
    for _ in range(300):
        x.grad = curvature * (x.detach() - goal)
        opt.step()
        assert opt.state[x]["d"] <= 2.0
    assert opt.state[x]["d"] > 0.1
    assert (x.detach() - goal).abs().max() < 0.3


@pytest.mark.parametrize("engine", ENGINES)
def test_growth_is_held_back_after_the_first(engine):
    x = Parameter(torch.zeros(2, dtype=torch.float64))
    opt = thalweg.Prodigy([x], d0=1e-3, growth_rate=1.25, engine=engine)
    seen = []
    for _ in range(30):
        steps_of(opt, x, [1.0])
        seen.append(opt.state[x]["d"])
    later = [d for d in seen if d > 1e-3]
    growths = [b / a for a, b in pairwise(later)]
    assert max(growths) == pytest.approx(1.25, rel=1e-12)


def test_where_d_is_held_it_is_torchs_adamw():
    ours, theirs = weights(), weights()
    flags = {"use_bias_correction": True, "d_coef": 0.0, "d0": 0.01, "weight_decay": 0.0}
    walk(thalweg.Prodigy(ours, eps=1e-30, **flags), ours, 50)
    walk(torch.optim.AdamW(theirs, 0.01, eps=1e-30, weight_decay=0, foreach=False), theirs, 50)
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("safeguard", [False, True])
def test_a_frozen_group_rests_and_has_no_say(safeguard, engine):
    alone, both = weights(), weights()
    flags = {"d0": 0.01, "safeguard_warmup": safeguard, "engine": engine}
    opt = thalweg.Prodigy(alone[:1], **flags)
    for grads in gradients(30):
        alone[0].grad = grads[0]
        opt.step()
    groups = [{"params": both[:1]}, {"params": both[1:], "lr": 0.0}]
    opt = thalweg.Prodigy(groups, **flags)
    walk(opt, both, 30)
    torch.testing.assert_close(both[0], alone[0], rtol=1e-11, atol=1e-13)
    assert all(torch.equal(a, b) for a, b in zip(both[1:], weights()[1:], strict=True))
    assert len({opt.state[p]["d"] for p in both}) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_first_gradients_of_zero_move_nothing_and_break_nothing(engine):
    x = Parameter(torch.ones(3))
    opt = thalweg.Prodigy([x], engine=engine)
    assert all(step.eq(0).all() for step in steps_of(opt, x, [0.0, 0.0]))
    (step,) = steps_of(opt, x, [1.0])
    assert step.isfinite().all()
    assert step.ne(0).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gradient_of_nan_stays_in_its_own_weight_and_leaves_d(engine):
    x = Parameter(torch.zeros(3))
    opt = thalweg.Prodigy([x], d0=0.1, engine=engine)
    steps_of(opt, x, [1.0, 1.0])
    before = opt.state[x]["d"]
    x.grad = torch.tensor([1.0, float("nan"), -1.0])
    opt.step()
    assert x.isnan().tolist() == [False, True, False]
    assert opt.state[x]["d"] == before


def test_the_sums_do_not_depend_on_the_number_of_threads():
    opt, params = same_on_any_threads(
        lambda params: thalweg.Prodigy(params, d0=0.1, engine="cpu"), 4, lambda param: param
    )
    assert opt.state[params[0]]["d_numerator"] != 0


def test_its_states_have_the_authors_names():
    x = Parameter(torch.ones(3))
    opt = thalweg.Prodigy([x])
    steps_of(opt, x, [1.0])
    names = {"s", "p0", "exp_avg", "exp_avg_sq", "d", "d_max", "d_numerator"}
    assert set(opt.state_dict()["state"][0]) >= names


def test_betas_are_two_and_beta3_stands_apart():
    group = thalweg.Prodigy([Parameter(torch.ones(1))], beta3=0.99).param_groups[0]
    assert (group["betas"], group["beta3"]) == ((0.9, 0.999), 0.99)


def test_d0_of_zero_is_refused():
    with pytest.raises(ValueError, match=r"^prodigy: d0=0 would never grow"):
        thalweg.Prodigy([Parameter(torch.ones(1))], d0=0.0)
