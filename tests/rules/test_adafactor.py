"""Adafactor keeps r + c numbers for a matrix, and goes where torch's goes."""

import inspect
import math

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, gradients, steps_of, walk, weights

FLAGS = [
    {},
    {"lr": 0.1, "weight_decay": 0.3, "maximize": True},
    {"lr": 0.5, "beta2_decay": -0.5, "d": 1.5},
    {"eps": (1e-2, 0.5)},
    {"eps": (None, 1e-3), "lr": 1.0},
]
ENGINES = ["oracle", "eager", "auto"]


def by_the_paper(params, steps, *, d=1.0, eps1=1e-30, eps2=1e-3, bound=1e-2):
    """Algorithms 4 and 5 of Shazeer & Stern 2018 with the numbers of Algorithm 6, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    r = [np.zeros(x.shape[:1]) for x in found]
    c = [np.zeros(x.shape[1:]) for x in found]
    v = [np.zeros(x.shape) for x in found]
    for t, grads in enumerate(gradients(steps), start=1):
        beta = 1 - t**-0.8
        for i, grad in enumerate(grads):
            g, x = grad.numpy(), found[i]
            alpha = max(eps2, np.sqrt(np.mean(x**2))) * min(bound, 1 / np.sqrt(t))
            if g.ndim == 2:
                n, m = g.shape
                r[i] = beta * r[i] + (1 - beta) * (g**2 + eps1) @ np.ones(m)
                c[i] = beta * c[i] + (1 - beta) * np.ones(n) @ (g**2 + eps1)
                v[i] = np.outer(r[i], c[i]) / np.sum(r[i])
            else:
                v[i] = beta * v[i] + (1 - beta) * (g**2 + eps1)
            u = g / np.sqrt(v[i])
            found[i] = x - alpha * u / max(1.0, np.sqrt(np.mean(u**2)) / d)
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags, engine):
    assert_follows_torch("adafactor", engine=engine, **flags)


@pytest.mark.parametrize("engine", ENGINES)
def test_it_follows_its_paper(engine):
    params = weights()
    expected = by_the_paper(params, 80)
    opt = thalweg.Adafactor(params, preset="paper", engine=engine)
    torch.testing.assert_close(walk(opt, params, 80), expected, rtol=1e-11, atol=1e-13)


def test_it_takes_torchs_arguments_in_torchs_order():
    ours = list(inspect.signature(thalweg.Adafactor).parameters)
    theirs = list(inspect.signature(torch.optim.Adafactor).parameters)
    assert ours[: ours.index("foreach")] == theirs[: theirs.index("foreach")]
    x = Parameter(torch.ones(2, 2))
    group = thalweg.Adafactor([x]).param_groups[0]
    torchs = torch.optim.Adafactor([x]).param_groups[0]
    assert {key: group[key] for key in torchs} == torchs


@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 4, 5), (7,), ()], ids=str)
def test_in_float32_it_is_torchs_too_whose_eps1_is_the_dtypes(shape):
    torch.manual_seed(1)
    start = torch.randn(shape)
    ours, theirs = Parameter(start.clone()), Parameter(start.clone())
    mine = thalweg.Adafactor([ours], lr=0.05)
    other = torch.optim.Adafactor([theirs], lr=0.05, foreach=False)
    for t in range(40):
        grad = torch.randn(shape) * 10.0 ** (-(t % 8))  # down to where eps1 keeps the mean up
        ours.grad, theirs.grad = grad, grad.clone()
        mine.step()
        other.step()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    for name, value in mine.state[ours].items():
        if isinstance(value, torch.Tensor):
            assert value.shape == other.state[theirs][name].shape
            torch.testing.assert_close(value, other.state[theirs][name], rtol=1e-5, atol=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_checkpoints_pass_both_ways(dtype):
    def make(kind, params):
        extra = {"foreach": False} if kind is torch.optim.Adafactor else {}
        return kind(params, lr=0.1, weight_decay=0.1, **extra)

    kinds = (thalweg.Adafactor, torch.optim.Adafactor)
    expected = weights(dtype)
    whole = make(torch.optim.Adafactor, expected)
    walk(whole, expected, 8, seed=3)
    walk(whole, expected, 8, seed=4)
    for one, other in (kinds, kinds[::-1]):
        params = weights(dtype)
        before = make(one, params)
        walk(before, params, 8, seed=3)
        after = make(other, params)
        after.load_state_dict(before.state_dict())
        walk(after, params, 8, seed=4)
        bound = 1e-12 if dtype == torch.float64 else 1e-5
        torch.testing.assert_close(params, expected, rtol=bound, atol=bound)
        assert after.param_groups[0]["eps"] == (None, 1e-3)


@pytest.mark.parametrize(("shape", "numbers"), [((50, 30), 80), ((50,), 50), ((2, 5, 7, 3), 100)])
def test_the_state_of_a_matrix_is_a_number_for_each_row_and_column(shape, numbers):
    x = Parameter(torch.zeros(shape))
    assert thalweg.Adafactor([x]).plan().state_bytes == 4 * numbers


def test_of_a_convolutions_weight_the_last_two_dimensions_are_the_matrix():
    torch.manual_seed(4)
    conv = Parameter(torch.randn(2, 3, 4, 5, dtype=torch.float64))
    grad = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    opt = thalweg.Adafactor([conv])
    conv.grad = grad
    opt.step()
    state = opt.state[conv]
    torch.testing.assert_close(state["row_var"], (grad**2).mean(-1, keepdim=True))
    torch.testing.assert_close(state["col_var"], (grad**2).mean(-2, keepdim=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_step_is_a_part_of_the_tensors_size_if_squares_are_a_column_times_a_row(engine):
    x = Parameter(torch.tensor([[3.0, -4.0], [0.0, 5.0]], dtype=torch.float64))
    size = (x.detach() ** 2).mean().sqrt().item()
    before = x.detach().clone()
    opt = thalweg.Adafactor([x], engine=engine)
    x.grad = torch.tensor([[1.0], [-10.0]], dtype=torch.float64) * torch.tensor([2.0, -0.1])
    opt.step()
    torch.testing.assert_close(x.detach() - before, -1e-2 * size * x.grad.sign(), rtol=1e-7, atol=0)


@pytest.mark.parametrize("shape", [(5, 3), (5,)], ids=str)
def test_no_step_is_longer_than_d_times_its_part_of_the_tensor(shape):
    torch.manual_seed(0)
    x = Parameter(torch.randn(shape, dtype=torch.float64))
    opt = thalweg.Adafactor([x], lr=0.1, d=2.0)
    for t in range(1, 200):
        before = x.detach().clone()
        x.grad = torch.randn(shape, dtype=torch.float64) ** 5
        opt.step()
        part = min(0.1, 1 / math.sqrt(t)) * max(1e-3, before.square().mean().sqrt().item())
        assert (x.detach() - before).square().mean().sqrt().item() <= 2.0 * part * (1 + 1e-12)


@pytest.mark.parametrize("shape", [(4, 4), (4,)], ids=str)
def test_a_tensor_that_starts_at_zero_can_leave_it_by_eps2(shape):
    x = Parameter(torch.zeros(shape, dtype=torch.float64))
    (step,) = steps_of(thalweg.Adafactor([x], eps=(None, 1e-3)), x, [7.0])
    torch.testing.assert_close(step, torch.full_like(step, -1e-2 * 1e-3), rtol=1e-12, atol=0)


def test_decay_is_by_the_bound_on_the_rate_not_by_the_rate():
    x = Parameter(torch.full((2, 2), 3.0, dtype=torch.float64))
    steps_of(thalweg.Adafactor([x], lr=0.5, weight_decay=0.1), x, [0.0] * 50)
    assert x[0, 0].item() == pytest.approx(3.0 * (1 - 0.5 * 0.1) ** 50, rel=1e-12)


@pytest.mark.parametrize("eps1", [None, 1e-30, 0.5])
@pytest.mark.parametrize("shape", [(3, 3), (3,)], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_zero_gradient_moves_nothing(engine, shape, eps1):
    # Torch, asked for 1e-30 in float32, squares it to 0 and divides 0 by that.
    x = Parameter(torch.ones(shape))
    opt = thalweg.Adafactor([x], eps=(eps1, 1e-3), engine=engine)
    assert all(step.eq(0).all() for step in steps_of(opt, x, [0.0, 0.0]))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gradient_of_nan_stays_in_its_element_of_a_vector_and_takes_all_of_a_matrix(engine):
    v, m = Parameter(torch.ones(3)), Parameter(torch.ones(2, 3))
    opt = thalweg.Adafactor([v, m], engine=engine)
    v.grad = torch.tensor([1.0, float("nan"), -1.0])
    m.grad = torch.stack([v.grad, torch.ones(3)])
    opt.step()
    assert v.isnan().tolist() == [False, True, False]
    assert m.isnan().all()  # the mean of R is in every element


def test_eps1_of_none_is_float32s_for_narrow_weights_too():
    # Torch takes bfloat16's, 2⁻⁷: gradients below that would count as if they were that large.
    x = Parameter(torch.full((2, 2), 1.0, dtype=torch.bfloat16))
    opt = thalweg.Adafactor([x], lr=0.5)
    x.grad = torch.full_like(x, 2.0**-12)
    opt.step()
    assert x[0, 0].item() == 0.5
    assert opt.state[x]["row_var"].tolist() == [[2.0**-24]] * 2


def test_averages_of_narrow_gradients_do_not_stall():
    x = Parameter(torch.ones(2, 2, dtype=torch.bfloat16))
    opt = thalweg.Adafactor([x], lr=1e-6)
    for t in range(2000):
        x.grad = torch.full_like(x, 1.0 if t < 1000 else 2.0)
        opt.step()
    # The last 1000 squares are 4; in bfloat16 an average near 2 would no longer move by 1/437.
    weight = np.prod([1 - t**-0.8 for t in range(1001, 2001)])
    assert opt.state[x]["row_var"][0, 0].item() == pytest.approx(4 - 3 * weight, rel=1e-4)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"d": 0.5}, r"^adafactor: d=0.5 is outside \[1, inf\); 1 is usual$"),
        (
            {"beta2_decay": 0.1},
            r"^adafactor: beta2_decay=0.1 is outside \[-inf, 0\]; -0.8 is usual",
        ),
        ({"eps": (-1.0, 1e-3)}, r"^adafactor: eps1=-1.0 is outside \[0, inf\); 1e-30 is usual$"),
        ({"eps": (None, None)}, "^adafactor: eps2=None is not a number$"),
    ],
    ids=str,
)
def test_what_torch_refuses_is_refused(settings, line):
    with pytest.raises(ValueError, match=line):
        thalweg.Adafactor([Parameter(torch.ones(2))], **settings)
