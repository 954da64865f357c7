"""CAME follows its averaged update less where the update disagrees with it."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights

FLAGS = [
    {},
    {"lr": 0.01, "wd": 0.3},
    {"lr": 0.1, "b1": 0.8, "b2": 0.95, "b3": 0.99, "clip": 0.5, "eps": (1e-3, 1e-2)},
]
ENGINES = ["oracle", "eager", "auto"]


def by_its_authors(
    params, steps, *, lr=2e-4, eps=(1e-30, 1e-16), clip=1.0, b1=0.9, b2=0.999, b3=0.9999, wd=0.0
):
    """Algorithm 2 of Luo et al. 2023; of vectors V is their own and S is 1, as in came_pytorch."""
    found = [p.detach().numpy().copy() for p in params]
    m = [np.zeros(x.shape) for x in found]
    kept = [{} for _ in found]

    def average(i, name, new, beta):
        kept[i][name] = beta * kept[i].get(name, 0.0) + (1 - beta) * new
        return kept[i][name]

    def approximate(i, name, squares, beta):
        rows = average(i, f"{name} rows", squares.mean(1), beta)
        columns = average(i, f"{name} columns", squares.mean(0), beta)
        return np.outer(rows, columns) / rows.mean()

    for grads in gradients(steps):
        for i, grad in enumerate(grads):
            g = grad.numpy()
            square = g**2 + eps[0]
            matrix = g.ndim == 2
            v = approximate(i, "v", square, b2) if matrix else average(i, "v", square, b2)
            u = g / np.sqrt(v)
            u = u / max(1.0, np.sqrt(np.mean(u**2)) / clip)
            m[i] = b1 * m[i] + (1 - b1) * u
            s = approximate(i, "s", (u - m[i]) ** 2 + eps[1], b3) if matrix else 1.0
            found[i] = found[i] - lr * wd * found[i] - lr * m[i] / np.sqrt(s)
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_its_authors(flags, engine):
    params = weights()
    expected = by_its_authors(params, 60, **flags)
    ours = {
        {"wd": "weight_decay", "clip": "clip_threshold"}.get(k, k): v
        for k, v in flags.items()
        if not k.startswith("b")
    }
    if "b1" in flags:
        ours["betas"] = tuple(flags[b] for b in ("b1", "b2", "b3"))
    opt = thalweg.CAME(params, engine=engine, **ours)
    torch.testing.assert_close(walk(opt, params, 60), expected, rtol=1e-10, atol=1e-12)


def test_beside_its_average_a_matrix_keeps_two_numbers_for_each_row_and_column():
    x = Parameter(torch.zeros(50, 30))
    assert thalweg.CAME([x]).plan().state_bytes == 4 * (50 * 30 + 2 * (50 + 30))


@pytest.mark.parametrize("engine", ["oracle", "eager"])
def test_the_first_step_of_a_matrix_is_eleven_lr_long(engine):
    # u is clipped to ±1, m to 1 − β₁ of that, and S is (1 − β₃) β₁².
    x = Parameter(torch.zeros(3, 3, dtype=torch.float64))
    opt = thalweg.CAME([x], lr=1e-3, eps=(1e-30, 0.0), engine=engine)
    (step,) = steps_of(opt, x, [5.0])
    long = 1e-3 * (1 - 0.9) / (0.9 * (1 - 0.9999) ** 0.5)
    assert long == pytest.approx(11.1e-3, rel=1e-2)
    torch.testing.assert_close(step, torch.full_like(step, -long), rtol=1e-12, atol=0)


def test_disagreement_shortens_its_own_row():
    steady, torn = torch.ones(4), torch.tensor([1.0, -1.0, 1.0, -1.0])
    x = Parameter(torch.zeros(2, 4, dtype=torch.float64))
    opt = thalweg.CAME([x], betas=(0.9, 0.999, 0.99))
    for t in range(100):
        sign = (-1.0) ** t
        # The same squares in both rows; the second row turns around at every step.
        x.grad = torch.stack([steady, sign * torn]).double()
        opt.step()
    state = opt.state[x]
    torch.testing.assert_close(state["exp_avg_sq_row"][0], state["exp_avg_sq_row"][1])
    assert state["exp_avg_res_row"][1] > 20 * state["exp_avg_res_row"][0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_vector_is_followed_without_doubt(engine):
    x = Parameter(torch.zeros(3, dtype=torch.float64))
    found = steps_of(thalweg.CAME([x], lr=0.1, engine=engine), x, [5.0] * 4)
    # Clipped to 1 as long as V is too small, and then averaged from 0.
    for t, step in enumerate(found, start=1):
        torch.testing.assert_close(step, torch.full_like(step, -0.1 * (1 - 0.9**t)))


@pytest.mark.parametrize("shape", [(3, 3), (3,)], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_zero_gradient_moves_nothing(engine, shape):
    x = Parameter(torch.ones(shape))
    assert all(s.eq(0).all() for s in steps_of(thalweg.CAME([x], engine=engine), x, [0.0, 0.0]))


def test_a_gradient_of_nan_stays_in_its_own_element_of_a_vector():
    x = Parameter(torch.ones(3))
    opt = thalweg.CAME([x])
    x.grad = torch.tensor([1.0, float("nan"), -1.0])
    opt.step()
    assert x.isnan().tolist() == [False, True, False]


def test_its_states_are_named_as_its_authors_do():
    x = Parameter(torch.ones(3, 2))
    opt = thalweg.CAME([x])
    steps_of(opt, x, [1.0])
    names = {"exp_avg", "exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_res_row", "exp_avg_res_col"}
    assert opt.state_dict()["state"][0].keys() == {*names, "step"}
