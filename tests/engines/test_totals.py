"""Reductions are the same numbers on every engine, over one tensor and over all of them."""

import math

import pytest
import torch

import thalweg
from thalweg.engines import totals
from thalweg.rules.kinds import Rate
from thalweg.rules.words import mean, norm, sqrt, total, where

ENGINES = ["oracle", "eager", "cpu"]
SIZES = (5, 0, 1, 40_000)


def by_norm(param, grad, *, step: int, lr: Rate = 1.0):
    return param - lr * grad / (norm(grad) + 1e-3)


def by_mean(param, grad, *, step: int, lr: Rate = 1.0):
    return param - lr * (grad - mean(grad))


def by_total(param, grad, *, step: int, lr: Rate = 1.0):
    return param - lr * grad / (sqrt(total(grad * grad)) + total(abs(grad)))


def by_all(param, grad, *, step: int, lr: Rate = 1.0):
    grad = grad / (sqrt(total(grad * grad)) + norm(param))
    return param - lr * grad * total(abs(grad)) / (1 + mean(grad * grad))


def by_comparison(param, grad, *, step: int, lr: Rate = 1.0):
    long = norm(grad) > 2.0
    return param - where(long & (grad > 0), lr, 0.5) * where(~long, 2.0, 1.0) * grad


def by_share(param, grad, *, step: int, lr: Rate = 1.0):
    return param - lr * mean(grad > 0) * grad


RULES = [by_norm, by_mean, by_total, by_all, by_comparison, by_share]


def tensors(dtype=torch.float32, sizes=SIZES):
    draw = torch.Generator().manual_seed(3)
    made = []
    for size in sizes:
        param = torch.nn.Parameter(torch.randn(size, generator=draw).to(dtype))
        param.grad = torch.randn(size, generator=draw).to(dtype)
        made.append(param)
    return made


def stepped(rule, engine, dtype=torch.float32, **settings):
    params = tensors(dtype)
    opt = thalweg.optimizer(rule)(params, engine=engine, **settings)
    opt.step()
    return [p.detach() for p in params]


def close(one, other, rtol=1e-6):
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("rule", RULES)
def test_engines_agree(rule, dtype):
    exact = stepped(rule, "oracle", dtype)
    for engine in ("eager", "cpu"):
        close(stepped(rule, engine, dtype), exact, 1e-6 if dtype == torch.float32 else 1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_total_goes_over_groups_and_over_steps_that_differ(engine):
    params = tensors()
    expected = [p.detach() - p.grad / _length(params) for p in params]
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 2.0}]
    opt = thalweg.optimizer(_by_length)(groups, engine=engine)
    late = params[3].grad
    params[3].grad = None
    opt.step()  # now one tensor is a step behind: another lot
    with torch.no_grad():
        torch._foreach_copy_(params[:3], tensors()[:3])
    params[3].grad = late
    opt.param_groups[1]["lr"] = 1.0
    opt.step()
    close([p.detach() for p in params], expected)


def _by_length(param, grad, *, step: int, lr: Rate = 1.0):
    return param - lr * grad / sqrt(total(grad * grad))


def _length(params):
    return math.sqrt(sum(float(p.grad.double().square().sum()) for p in params))


def test_a_total_goes_over_engines():
    params = tensors()
    expected = [p.detach() - p.grad / _length(params) for p in params]
    groups = [
        {"params": [p], "engine": engine}
        for p, engine in zip(params, ["cpu", "eager", "oracle", "auto"], strict=True)
    ]
    opt = thalweg.optimizer(_by_length)(groups)
    opt.step()
    close([p.detach() for p in params], expected)


@pytest.mark.parametrize("rule", [by_all, by_norm])
def test_sums_do_not_depend_on_the_number_of_threads(rule):
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(stepped(rule, "cpu"))
    finally:
        torch.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("threads", [1, 2])
def test_many_shapes_of_sums_do_not_depend_on_the_number_of_threads(threads):
    # Below 16,384 elements one thread does all; with others beside it, several do.
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = []
        for rest in (0, 50_000):
            params = tensors(sizes=(4097, 255, 3, rest))
            thalweg.optimizer(by_norm)(params, engine="cpu").step()
            found.append([p.detach() for p in params[:3]])
    finally:
        torch.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        assert torch.equal(one, two)


def by_quotient(param, grad, *, step: int, lr: Rate = 1.0):
    return param - lr / total(abs(grad)) * grad


def by_root(param, grad, *, step: int, lr: Rate = 1.0):
    return param - lr * sqrt(-1.0 - norm(grad)) * grad


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rule", [by_quotient, by_root])
def test_numbers_made_of_reductions_follow_ieee_754(rule, engine):
    param = torch.nn.Parameter(torch.ones(3))
    param.grad = torch.zeros(3)
    thalweg.optimizer(rule)([param], engine=engine).step()
    assert param.isnan().all()


@pytest.mark.parametrize("engine", ENGINES)
def test_squares_that_overflow_float32_have_a_norm(engine):
    param = torch.nn.Parameter(torch.zeros(4))
    param.grad = torch.full((4,), 1e25)
    thalweg.optimizer(by_norm)([param], engine=engine).step()
    torch.testing.assert_close(param.detach(), torch.full((4,), -0.5))


def test_a_number_is_an_array_of_one_element():
    assert (norm(-2.0), mean(-2.0), total(-2.0)) == (2.0, -2.0, -2.0)


def test_a_total_that_nobody_counts_is_the_tensor_s_own():
    assert float(total(torch.ones(3))) == 3.0


def test_a_total_that_is_not_known_leaves_its_share():
    with totals.knowing([7.0]):
        assert float(total(torch.ones(3))) == 7.0
        with pytest.raises(totals.Waiting) as waiting:
            total(2 * torch.ones(3))
    assert (waiting.value.place, waiting.value.share) == (1, 6.0)


def test_what_is_known_ends_with_the_block():
    with totals.knowing([7.0]), totals.knowing([8.0]):
        assert float(total(torch.ones(3))) == 8.0
    assert float(total(torch.ones(3))) == 3.0


def sometimes(param, grad, *, step: int, lr: Rate = 1.0):
    return param - lr * grad / (total(abs(grad)) if step > 2 else 1.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rule_may_ask_for_a_total_only_later(engine):
    param = torch.nn.Parameter(torch.zeros(4))
    opt = thalweg.optimizer(sometimes)([param], engine=engine)
    for _ in range(4):
        param.grad = torch.ones(4)
        opt.step()
    torch.testing.assert_close(param.detach(), torch.full((4,), -2.5))
