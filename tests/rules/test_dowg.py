"""DoWG weighs gradients by the distance that had been gone when they came."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, same_on_any_threads, steps_of, walk, weights

ENGINES = ["oracle", "eager", "cpu"]


def by_its_authors(params, steps, *, lr, eps, wd):
    """Algorithm 1 of Khaled et al. 2023 over one long vector, in NumPy."""
    shapes = [p.shape for p in params]
    start = np.concatenate([p.detach().numpy().ravel() for p in params])
    x, far, squares = start.copy(), eps, 0.0
    for grads in gradients(steps):
        g = np.concatenate([grad.numpy().ravel() for grad in grads]) + wd * x
        far = max(far, (x - start) @ (x - start))
        squares += far * (g @ g)
        x = x - lr * far / (np.sqrt(squares) + eps) * g
    parts = np.split(x, np.cumsum([s.numel() for s in shapes])[:-1])
    return [torch.from_numpy(part).reshape(s) for part, s in zip(parts, shapes, strict=True)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "flags", [{"lr": 1.0, "eps": 1e-4, "wd": 0.0}, {"lr": 0.5, "eps": 1e-2, "wd": 0.1}], ids=str
)
def test_it_follows_its_authors_over_three_tensors(flags, engine):
    params = weights()
    expected = by_its_authors(params, 80, **flags)
    given = {"weight_decay" if name == "wd" else name: x for name, x in flags.items()}
    opt = thalweg.DoWG(params, engine=engine, **given)
    torch.testing.assert_close(walk(opt, params, 80), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_step_is_the_root_of_eps_long(engine):
    # r̄² g / (√(r̄² ‖g‖²) + ε) with r̄² = ε, and g so large that the other ε does not matter.
    x = Parameter(torch.zeros(2, dtype=torch.float64))
    (step,) = steps_of(thalweg.DoWG([x], engine=engine), x, [1e12])
    assert step.norm().item() == pytest.approx(1e-2, rel=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gradient_weighs_as_much_as_the_distance_that_had_been_gone(engine):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.DoWG([x], engine=engine)
    (first,) = steps_of(opt, x, [1000.0])
    steps_of(opt, x, [-3.0])
    expected = 1e-4 * 1000.0**2 + max(1e-4, first.item() ** 2) * 3.0**2
    assert opt.state[x]["vt"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("eps", [0.0, 1e-4])
def test_first_gradients_of_zero_move_nothing_and_break_nothing(eps, engine):
    x = Parameter(torch.ones(3))
    opt = thalweg.DoWG([x], eps=eps, engine=engine)
    assert all(step.eq(0).all() for step in steps_of(opt, x, [0.0, 0.0]))


def test_the_distance_never_falls_and_is_the_same_for_all_tensors():
    params = weights()
    opt = thalweg.DoWG(params)
    seen = [0.0]
    for grads in gradients(60):
        for param, grad in zip(params, grads, strict=True):
            param.grad = grad
        opt.step()
        (now,) = {opt.state[p]["rt2"] for p in params}
        assert now >= seen[-1]
        seen.append(now)


def test_the_sums_do_not_depend_on_the_number_of_threads():
    same_on_any_threads(lambda params: thalweg.DoWG(params, engine="cpu"))


def test_its_states_have_the_authors_names():
    x = Parameter(torch.ones(3))
    opt = thalweg.DoWG([x])
    steps_of(opt, x, [1.0])
    assert set(opt.state_dict()["state"][0]) >= {"x0", "rt2", "vt"}
