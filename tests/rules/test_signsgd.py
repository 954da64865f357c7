"""SignSGD moves every weight by the same amount, whatever its gradient."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights


def by_the_paper(params, steps, *, lr, wd, decoupled):
    """Algorithm 1 of Bernstein et al. 2018 for one worker, with either decay, in NumPy."""
    found = [p.detach().numpy().copy() for p in params]
    for grads in gradients(steps):
        for i, grad in enumerate(grads):
            g = grad.numpy() + (0 if decoupled else wd * found[i])
            found[i] = found[i] - lr * (np.sign(g) + (wd * found[i] if decoupled else 0))
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("flags", [(0.0, True), (0.3, True), (0.3, False)], ids=str)
def test_it_follows_its_paper(flags, engine):
    wd, decoupled = flags
    params = weights()
    expected = by_the_paper(params, 100, lr=0.01, wd=wd, decoupled=decoupled)
    opt = thalweg.SignSGD(
        params, lr=0.01, weight_decay=wd, decoupled_weight_decay=decoupled, engine=engine
    )
    for mine, other in zip(walk(opt, params, 100), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@given(grads=some.lists(some.floats(-1e300, 1e300).filter(bool), min_size=1))
def test_every_step_is_lr_long_and_against_the_gradient(grads):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    for grad in grads:
        x.data.zero_()
        moved = steps_of(thalweg.SignSGD([x], lr=0.5, engine="eager"), x, [grad])[0].item()
        assert moved == (-0.5 if grad > 0 else 0.5)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_zero_gradient_moves_nothing(engine, zero):
    x = Parameter(torch.ones(9))
    assert steps_of(thalweg.SignSGD([x], engine=engine), x, [zero])[0].eq(0).all()


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_gradient_of_nan_does_not_hide(engine):
    x = Parameter(torch.ones(9))
    steps_of(thalweg.SignSGD([x], engine=engine), x, [float("nan")])
    assert x.isnan().all()


def test_it_keeps_nothing():
    assert thalweg.SignSGD([Parameter(torch.zeros(8))]).plan().state_bytes == 0


def test_a_sparse_gradient_means_the_same_as_a_dense_one():
    tables = [torch.nn.Embedding(6, 2, sparse=sparse) for sparse in (False, True)]
    tables[1].load_state_dict(tables[0].state_dict())
    for table in tables:
        table(torch.tensor([1, 4, 4])).square().sum().backward()
        thalweg.SignSGD(table.parameters(), lr=0.1).step()
    assert torch.equal(tables[0].weight, tables[1].weight)


def test_a_coupled_decay_turns_steps_and_never_lengthens_them():
    x = Parameter(torch.tensor([2.0, -2.0]))
    opt = thalweg.SignSGD([x], lr=0.25, weight_decay=10.0, decoupled_weight_decay=False)
    assert steps_of(opt, x, [1.0])[0].tolist() == [-0.25, 0.25]


def test_maximize_turns_the_gradient_and_not_the_decay():
    x = Parameter(torch.ones(1))
    opt = thalweg.SignSGD([x], lr=0.5, weight_decay=0.5, maximize=True)
    assert steps_of(opt, x, [1.0])[0].item() == 0.5 - 0.25
