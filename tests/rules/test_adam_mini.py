"""AdamMini has one second moment for each row."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights

FLAGS = [{}, {"lr": 0.01, "wd": 0.3}, {"lr": 0.1, "b1": 0.8, "b2": 0.95, "eps": 1e-3}]
ENGINES = ["oracle", "eager", "auto"]


def by_its_authors(params, steps, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, rows=True):
    """Their loop: a mean over dimension 1 for what they call a neuron, over all for the rest."""
    found = [p.detach().numpy().copy() for p in params]
    m = [np.zeros(x.shape) for x in found]
    v = [np.zeros((x.shape[0], 1)) if rows and x.ndim == 2 else 0.0 for x in found]
    for t, grads in enumerate(gradients(steps), start=1):
        for i, grad in enumerate(grads):
            g = grad.numpy()
            if rows and g.ndim == 2:
                square = np.stack([[np.mean(row**2)] for row in g])
            else:
                square = np.sum(g**2) / g.size
            v[i] = b2 * v[i] + (1 - b2) * square
            m[i] = b1 * m[i] + (1 - b1) * g
            h = np.sqrt(v[i]) / np.sqrt(1 - b2**t) + eps
            found[i] = found[i] * (1 - lr * wd) - lr * m[i] * (1 / (1 - b1**t) / h)
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("blocks", ["row", "tensor"])
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_its_authors(flags, blocks, engine):
    params = weights()
    expected = by_its_authors(params, 60, rows=blocks == "row", **flags)
    ours = {"wd": "weight_decay"}
    given = {ours.get(k, k): v for k, v in flags.items() if not k.startswith("b")}
    if "b1" in flags:
        given["betas"] = flags["b1"], flags["b2"]
    opt = thalweg.AdamMini(params, blocks=blocks, engine=engine, **given)
    torch.testing.assert_close(walk(opt, params, 60), expected, rtol=1e-11, atol=1e-13)


def test_beside_its_average_a_matrix_keeps_a_number_for_each_row():
    x = Parameter(torch.zeros(50, 30))
    assert thalweg.AdamMini([x]).plan().state_bytes == 4 * (50 * 30 + 50)
    assert thalweg.AdamW([x]).plan().state_bytes == 4 * (2 * 50 * 30)


@pytest.mark.parametrize("engine", ["oracle", "eager"])
def test_where_a_rows_gradients_are_equally_large_it_is_torchs_adamw(engine):
    ours, theirs = (Parameter(torch.ones(4, 3, dtype=torch.float64)) for _ in range(2))
    flags = {"lr": 0.01, "weight_decay": 0.1}
    mine = thalweg.AdamMini([ours], engine=engine, **flags)
    other = torch.optim.AdamW([theirs], foreach=False, **flags)
    draw = torch.Generator().manual_seed(1)
    for _ in range(40):
        size = torch.randn(4, 1, generator=draw, dtype=torch.float64)
        grad = size * torch.randn(4, 3, generator=draw, dtype=torch.float64).sign()
        ours.grad, theirs.grad = grad, grad.clone()
        mine.step()
        other.step()
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_single_number_is_stepped_as_by_torchs_adamw(engine):
    ours, theirs = (Parameter(torch.tensor(2.0, dtype=torch.float64)) for _ in range(2))
    grads = [1.0, -3.0, 0.5, 0.0, 2.0]
    steps_of(thalweg.AdamMini([ours], engine=engine, weight_decay=1e-2), ours, grads)
    steps_of(torch.optim.AdamW([theirs], foreach=False), theirs, grads)
    torch.testing.assert_close(ours, theirs, rtol=1e-13, atol=0)


def test_rows_do_not_know_each_other_unless_they_are_one_block():
    def second_row(first, **flags):
        x = Parameter(torch.ones(2, 3))
        opt = thalweg.AdamMini([x], **flags)
        for _ in range(3):
            x.grad = torch.tensor([[first] * 3, [1.0, 2.0, 3.0]])
            opt.step()
        return x[1].detach()

    assert torch.equal(second_row(1.0), second_row(1e3))
    assert not torch.equal(second_row(1.0, blocks="tensor"), second_row(1e3, blocks="tensor"))


def test_the_longest_step_of_a_row_at_first_is_lr_times_the_root_of_its_length():
    x = Parameter(torch.zeros(1, 16, dtype=torch.float64))
    x.grad = torch.zeros_like(x)
    x.grad[0, 0] = 5.0  # the mean square is 25 / 16
    thalweg.AdamMini([x], lr=1e-3, eps=0.0).step()
    assert x[0, 0].item() == pytest.approx(-4e-3, rel=1e-12)


@pytest.mark.parametrize("blocks", ["row", "tensor"])
@pytest.mark.parametrize("shape", [(3, 3), (3,)], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_zero_gradient_moves_nothing(engine, shape, blocks):
    x = Parameter(torch.ones(shape))
    opt = thalweg.AdamMini([x], engine=engine, blocks=blocks)
    assert all(step.eq(0).all() for step in steps_of(opt, x, [0.0, 0.0]))


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_broken_gradient_shows_in_its_own_weight_and_stops_its_block(engine, broken):
    v, m = Parameter(torch.ones(3)), Parameter(torch.ones(2, 3))
    opt = thalweg.AdamMini([v, m], lr=0.1, engine=engine)
    v.grad = torch.tensor([1.0, broken, -1.0])
    m.grad = torch.stack([v.grad, torch.ones(3)])
    opt.step()
    assert v.isnan().tolist() == m.isnan()[0].tolist() == [False, True, False]
    assert v[0].item() == v[2].item() == m[0, 0].item() == 1.0
    torch.testing.assert_close(m[1].detach(), torch.full((3,), 0.9))
