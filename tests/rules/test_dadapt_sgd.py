"""DAdaptSGD finds its learning rate from a lower bound on the way to go."""

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


def by_its_authors(params, steps, *, lr, momentum, wd, d0, growth):
    """What the authors' program does, over one long vector, in NumPy; and the last d."""
    shapes = [p.shape for p in params]
    start = np.concatenate([p.detach().numpy().ravel() for p in params])
    x, s = start.copy(), np.zeros_like(start)
    d, above, first = d0, 0.0, None
    for grads in gradients(steps):
        g = np.concatenate([grad.numpy().ravel() for grad in grads])
        first = np.linalg.norm(g) if first is None else first
        g = g + wd * x
        rate = d * lr / first
        above += rate * (g @ s)
        s = s + rate * g
        d = max(d, min(2 * above / sqrt(s @ s), d * growth))
        x = momentum * x + (1 - momentum) * (start - s)
    parts = np.split(x, np.cumsum([s.numel() for s in shapes])[:-1])
    return [torch.from_numpy(p).reshape(s) for p, s in zip(parts, shapes, strict=True)], d


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "flags",
    [
        {"lr": 1.0, "momentum": 0.0, "wd": 0.0, "d0": 1e-6, "growth": inf},
        {"lr": 0.5, "momentum": 0.9, "wd": 0.1, "d0": 1e-3, "growth": 1.1},
    ],
    ids=str,
)
def test_it_follows_its_authors_over_three_tensors(flags, engine):
    params = weights()
    expected, d = by_its_authors(params, 60, **flags)
    given = {"weight_decay": flags["wd"], "growth_rate": flags["growth"], "engine": engine}
    given |= {name: flags[name] for name in ("lr", "momentum", "d0")}
    opt = thalweg.DAdaptSGD(params, **given)
    torch.testing.assert_close(walk(opt, params, 60), expected, rtol=1e-9, atol=1e-11)
    (found,) = {opt.state[p]["d"] for p in params}
    assert found == pytest.approx(d, rel=1e-9)
    assert d > flags["d0"]


@given(grads=some.lists(some.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_d_never_falls(grads):
    x = Parameter(torch.zeros(2, dtype=torch.float64))
    opt = thalweg.DAdaptSGD([x], d0=0.1, engine="oracle")
    seen = [0.1]
    for grad in grads:
        steps_of(opt, x, [grad])
        seen.append(opt.state[x]["d"])
    assert sorted(seen) == seen


def test_d_is_at_most_twice_the_way_to_the_minimum_of_a_convex_problem():
    # Σ γ ⟨g, s⟩ ≤ ⟨s, θ₀ − θ*⟩ ≤ ‖s‖ ‖θ₀ − θ*‖, since ⟨g, θ − θ*⟩ is never negative.
    goal = torch.tensor([0.3, -2.0, 1.0], dtype=torch.float64)
    x = Parameter(torch.zeros(3, dtype=torch.float64))
    opt = thalweg.DAdaptSGD([x], engine="oracle")
    for _ in range(300):
        x.grad = x.detach() - goal
        opt.step()
        assert opt.state[x]["d"] <= 2 * goal.norm().item()
    assert opt.state[x]["d"] > 0.1 * goal.norm().item()


@pytest.mark.parametrize("engine", ENGINES)
def test_scaling_all_gradients_leaves_the_path_unchanged(engine):
    ended = []
    for scale in (1.0, 2.0**10):
        params = weights(torch.float32)
        opt = thalweg.DAdaptSGD(params, d0=1e-3, engine=engine)
        for grads in gradients(20):
            for param, grad in zip(params, grads, strict=True):
                param.grad = (grad * scale).float()
            opt.step()
        ended.append(params)
    assert all(torch.equal(a, b) for a, b in zip(*ended, strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_first_gradients_of_zero_move_nothing_and_the_next_counts_as_first(engine):
    x = Parameter(torch.ones(4, dtype=torch.float64))
    opt = thalweg.DAdaptSGD([x], d0=0.5, engine=engine)
    still, moved = steps_of(opt, x, [0.0, 3.0])
    assert still.eq(0).all()
    assert moved.norm().item() == pytest.approx(0.5, rel=1e-12)
    assert opt.state[x]["g0_norm"] == pytest.approx(6.0, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gradient_of_nan_stays_in_its_own_weight_and_leaves_d(engine):
    x = Parameter(torch.zeros(3))
    opt = thalweg.DAdaptSGD([x], d0=0.1, engine=engine)
    steps_of(opt, x, [1.0, 1.0])
    before = opt.state[x]["d"]
    x.grad = torch.tensor([1.0, float("nan"), -1.0])
    opt.step()
    assert x.isnan().tolist() == [False, True, False]
    assert opt.state[x]["d"] == before


def test_the_sums_do_not_depend_on_the_number_of_threads():
    opt, params = same_on_any_threads(
        lambda params: thalweg.DAdaptSGD(params, d0=0.1, engine="cpu"), pull=lambda param: 1.0
    )
    assert opt.state[params[0]]["d"] > 0.1


def test_its_states_have_the_authors_names():
    x = Parameter(torch.ones(3))
    opt = thalweg.DAdaptSGD([x])
    steps_of(opt, x, [1.0])
    names = {"s", "x0", "d", "numerator_weighted", "g0_norm"}
    assert set(opt.state_dict()["state"][0]) >= names


def test_d0_of_zero_is_refused():
    with pytest.raises(ValueError, match=r"^dadapt_sgd: d0=0 would never grow"):
        thalweg.DAdaptSGD([Parameter(torch.ones(1))], d0=0.0)
