"""MADGRAD starts every step from where the training began."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights
from thalweg.rules.madgrad import cube_root


def by_its_authors(params, steps, *, lr, mu, wd, eps, decoupled):
    """Algorithm 1 of Defazio & Jelassi 2021, with the eps of their program, in NumPy."""
    begun = [p.detach().numpy().copy() for p in params]
    found = [x.copy() for x in begun]
    total = [np.zeros_like(x) for x in begun]
    squares = [np.zeros_like(x) for x in begun]
    for t, grads in enumerate(gradients(steps)):
        weight = (lr + eps) * (t + 1) ** 0.5
        for i, grad in enumerate(grads):
            g = grad.numpy() + (0 if decoupled else wd * found[i])
            total[i] = total[i] + weight * g
            squares[i] = squares[i] + weight * g * g
            z = begun[i] - total[i] / (np.cbrt(squares[i]) + eps)
            pull = (lr + eps) * wd * found[i] if decoupled else 0
            found[i] = mu * found[i] + (1 - mu) * z - pull
    return [torch.from_numpy(np.asarray(x)) for x in found]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("flags", [(0.0, False), (0.3, False), (0.3, True)], ids=str)
def test_it_follows_its_authors(flags, engine):
    wd, decoupled = flags
    params = weights()
    expected = by_its_authors(params, 60, lr=0.01, mu=0.9, wd=wd, eps=1e-6, decoupled=decoupled)
    opt = thalweg.MADGRAD(
        params, lr=0.01, weight_decay=wd, decoupled_weight_decay=decoupled, engine=engine
    )
    for mine, other in zip(walk(opt, params, 60), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("wd", [0.0, 0.3])
def test_without_momentum_it_finds_the_beginning_again(wd, engine):
    params = weights()
    expected = by_its_authors(params, 60, lr=0.01, mu=0.0, wd=wd, eps=1e-6, decoupled=False)
    opt = thalweg.MADGRAD(params, lr=0.01, momentum=0.0, weight_decay=wd, engine=engine)
    for mine, other in zip(walk(opt, params, 60), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-12)
    assert all("x0" not in opt.state[p] for p in params)


@given(x=some.floats(1e-35, 1e100))
def test_the_cube_root_is_numpy_s_to_the_last_digits(x):
    assert cube_root(np.array([x])).item() == pytest.approx(np.cbrt(x), rel=1e-15)


@given(x=some.floats(2.0**-116, 1.5 * 2.0**127, width=32))
def test_the_cube_root_holds_in_float32(x):
    found = cube_root(torch.tensor([x])).item()
    assert found == pytest.approx(np.cbrt(np.float64(x)), rel=2**-22)


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_the_cube_root_of_nothing_and_of_infinity(make):
    with np.errstate(invalid="ignore"):
        ends = cube_root(make([0.0, np.inf, np.nan]))
    assert ends[0] == pytest.approx(1e-12)
    assert ends[1] == np.inf
    assert ends[2] != ends[2]


def test_the_first_step_is_the_cube_root_of_the_gradient():
    # s / ∛v = κ g / ∛(κ g²) = ∛(κ² g): eight times the gradient, twice the step.
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    first = [
        steps_of(thalweg.MADGRAD([x], lr=1.0, momentum=0.0, eps=0.0), x, [g])[0].item()
        for g in (1.0, 8.0, 27.0)
    ]
    assert first == pytest.approx([-1.0, -2.0, -3.0], rel=1e-13)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
@pytest.mark.parametrize("eps", [1e-6, 0.0])
def test_a_zero_gradient_from_the_start_moves_nothing_even_without_eps(eps, engine):
    x = Parameter(torch.ones(9))
    opt = thalweg.MADGRAD([x], eps=eps, engine=engine)
    assert all(s.abs().max() <= 1e-7 for s in steps_of(opt, x, [0.0] * 3))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_learning_rate_of_zero_moves_nothing(momentum):
    x = Parameter(torch.ones(3, dtype=torch.float64))
    opt = thalweg.MADGRAD([x], lr=0.0, momentum=momentum)
    assert all(s.abs().max() < 1e-15 for s in steps_of(opt, x, [1.0] * 3))


def test_the_beginning_is_a_copy_and_stays():
    x = Parameter(torch.full((3,), 2.0))
    opt = thalweg.MADGRAD([x], lr=0.1)
    steps_of(opt, x, [1.0] * 5)
    assert opt.state[x]["x0"].eq(2).all()
    assert x.lt(2).all()
