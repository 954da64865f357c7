"""DoG's learning rate is the distance gone over the gradients met."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, same_on_any_threads, steps_of, walk, weights

ENGINES = ["oracle", "eager", "cpu"]


def by_its_authors(params, steps, *, lr, reps_rel, eps, wd):
    """Section 2 of Ivgi et al. 2023 over one long vector, in NumPy."""
    shapes = [p.shape for p in params]
    start = np.concatenate([p.detach().numpy().ravel() for p in params])
    x, far, squares = start.copy(), reps_rel * (1 + np.linalg.norm(start)), eps
    for grads in gradients(steps):
        g = np.concatenate([grad.numpy().ravel() for grad in grads]) + wd * x
        far = max(far, np.linalg.norm(x - start))
        squares += g @ g
        x = x - lr * far / np.sqrt(squares) * g
    parts = np.split(x, np.cumsum([s.numel() for s in shapes])[:-1])
    return [torch.from_numpy(part).reshape(s) for part, s in zip(parts, shapes, strict=True)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "flags",
    [
        {"lr": 1.0, "reps_rel": 1e-6, "eps": 1e-8, "wd": 0.0},
        {"lr": 0.5, "reps_rel": 1e-2, "eps": 1e-2, "wd": 0.1},
    ],
    ids=str,
)
def test_it_follows_its_authors_over_three_tensors(flags, engine):
    params = weights()
    expected = by_its_authors(params, 80, **flags)
    given = {"weight_decay" if name == "wd" else name: x for name, x in flags.items()}
    opt = thalweg.DoG(params, engine=engine, **given)
    torch.testing.assert_close(walk(opt, params, 80), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_step_is_a_small_part_of_the_start(engine):
    x = Parameter(torch.tensor([3.0, -4.0], dtype=torch.float64))
    opt = thalweg.DoG([x], reps_rel=1e-3, eps=0.0, engine=engine)
    (step,) = steps_of(opt, x, [9.0])
    assert step.norm().item() == pytest.approx(1e-3 * (1 + 5.0), rel=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_only_the_start_counts_for_the_first_distance(engine):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.DoG([x], reps_rel=1.0, eps=0.0, engine=engine)
    steps_of(opt, x, [5.0, 5.0])  # 1 (1 + 0) away after the first step, where ‖θ‖ = 1
    assert opt.state[x]["rbar"] == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_scaling_all_gradients_leaves_the_path_unchanged(engine):
    ended = []
    for scale in (1.0, 2.0**10):
        params = weights(torch.float32)
        opt = thalweg.DoG(params, eps=0.0, engine=engine)
        for grads in gradients(20):
            for param, grad in zip(params, grads, strict=True):
                param.grad = (grad * scale).float()
            opt.step()
        ended.append(params)
    assert all(torch.equal(a, b) for a, b in zip(*ended, strict=True))


def test_the_distance_and_the_sum_never_fall():
    params = weights()
    opt = thalweg.DoG(params, reps_rel=1e-2)
    seen = [(0.0, 0.0)]
    for grads in gradients(60):
        for param, grad in zip(params, grads, strict=True):
            param.grad = grad
        opt.step()
        seen.append((opt.state[params[0]]["rbar"], opt.state[params[0]]["G"]))
        assert all(opt.state[p]["rbar"] == seen[-1][0] for p in params)
    far, squares = zip(*seen, strict=True)
    assert sorted(far) == list(far)
    assert sorted(squares) == list(squares)


@pytest.mark.parametrize("engine", ENGINES)
def test_first_gradients_of_zero_move_nothing_and_break_nothing(engine):
    x = Parameter(torch.ones(3, dtype=torch.float64))
    opt = thalweg.DoG([x], eps=0.0, engine=engine)
    still, moved = steps_of(opt, x, [0.0, 2.0])
    assert still.eq(0).all()
    expected = 1e-6 * (1 + 3**0.5) / 3**0.5
    assert moved[0].item() == pytest.approx(-expected, rel=1e-6)


def test_the_sums_do_not_depend_on_the_number_of_threads():
    opt, params = same_on_any_threads(
        lambda params: thalweg.DoG(params, reps_rel=1e-2, engine="cpu")
    )
    assert opt.state[params[0]]["G"] > 0


def test_its_states_have_the_authors_names():
    x = Parameter(torch.ones(3))
    opt = thalweg.DoG([x])
    steps_of(opt, x, [1.0])
    assert set(opt.state_dict()["state"][0]) >= {"init_buffer", "rbar", "G"}
    assert torch.equal(opt.state[x]["init_buffer"], torch.ones(3))
