"""Schedule-free SGD trains at a mix of the iterate and its average."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, steps_of, walk, weights
from thalweg import rules

RULE = rules.find("schedulefree_sgd")


def by_the_paper(params, steps, *, lr, beta, wd=0.0, warmup=0, r=0.0, power=2.0):
    """The three sequences x, y, z, each kept, with the weights of the authors' program.

    Returns y and x. `lr` is a function of the step.
    """
    x, z, y = ([p.detach().clone() for p in params] for _ in range(3))
    weights_so_far, largest = 0.0, 0.0
    for t, grads in enumerate(gradients(steps), start=1):
        rate = lr(t) * (min(1.0, t / warmup) if warmup else 1.0)
        largest = max(largest, rate)
        weight = t**r * largest**power
        weights_so_far += weight
        share = weight / weights_so_far if weights_so_far else 0.0
        for i, grad in enumerate(grads):
            z[i] = z[i] - rate * (grad + wd * y[i])
            x[i] = x[i] + share * (z[i] - x[i])
            y[i] = (1 - beta) * z[i] + beta * x[i]
    return y, x


FLAGS = [{}, {"wd": 0.2}, {"warmup": 7}, {"warmup": 7, "r": 1.5, "power": 1.0, "wd": 0.1}]
NAMES = {"wd": "weight_decay", "warmup": "warmup_steps", "r": "r", "power": "weight_lr_power"}


def averages(opt, params):
    hypers = {**RULE.defaults, "momentum": opt.param_groups[0]["momentum"]}
    return [RULE.averaged(p.detach(), opt.state[p]["z"], **hypers) for p in params]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_its_paper(flags, engine):
    params = weights()
    held, means = by_the_paper(params, 80, lr=lambda t: 0.1, beta=0.9, **flags)
    given = {NAMES[name]: value for name, value in flags.items()}
    opt = thalweg.ScheduleFreeSGD(params, lr=0.1, engine=engine, **given)
    found = walk(opt, params, 80)
    torch.testing.assert_close(found, held, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(averages(opt, params), means, rtol=1e-11, atol=1e-12)


def test_it_follows_its_paper_while_lr_rises_from_zero_and_falls():
    def rate(t):
        return 0.02 * ((t - 1) * 7 % 11)

    params = weights()
    held, means = by_the_paper(params, 40, lr=rate, beta=0.8)
    opt = thalweg.ScheduleFreeSGD(params, momentum=0.8)
    for t, grads in enumerate(gradients(40), start=1):
        opt.param_groups[0]["lr"] = rate(t)
        for param, grad in zip(params, grads, strict=True):
            param.grad = grad
        opt.step()
    torch.testing.assert_close([p.detach() for p in params], held, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(averages(opt, params), means, rtol=1e-11, atol=1e-12)


def test_the_average_is_the_running_mean_of_z():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.ScheduleFreeSGD([x], lr=0.5)
    seen = []
    for grad in (1.0, -2.0, 0.5, 4.0, -1.0):
        steps_of(opt, x, [grad])
        seen.append(opt.state[x]["z"].item())
        (mean,) = averages(opt, [x])
        assert mean.item() == pytest.approx(sum(seen) / len(seen), rel=1e-13)


def test_the_largest_rate_so_far_weighs_so_that_a_warm_up_counts_for_little():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.ScheduleFreeSGD([x], lr=1.0, warmup_steps=4)
    steps_of(opt, x, [1.0] * 4)
    expected = sum((t / 4) ** 2 for t in range(1, 5))
    assert opt.state[x]["weight_sum"] == pytest.approx(expected, rel=1e-15)
    assert opt.state[x]["lr_max"] == 1.0


def test_z_is_plain_sgd_with_given_gradients():
    ours, theirs = weights(), weights()
    opt = thalweg.ScheduleFreeSGD(ours, lr=0.1)
    walk(opt, ours, 30)
    walk(torch.optim.SGD(theirs, lr=0.1, foreach=False), theirs, 30)
    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(opt.state[p]["z"], q.detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_rate_of_zero_moves_nothing_and_divides_nothing_by_zero(engine):
    x = Parameter(torch.ones(9))
    moved = steps_of(thalweg.ScheduleFreeSGD([x], lr=0.0, engine=engine), x, [1.0, 1.0])
    assert all(s.abs().max() < 1e-6 for s in moved)


def test_without_momentum_there_is_no_average_to_find():
    with pytest.raises(ValueError, match=r"^schedulefree_sgd: momentum=0 leaves no trace"):
        thalweg.ScheduleFreeSGD([Parameter(torch.ones(1))], momentum=0.0)


def test_on_a_parabola_with_noise_the_average_is_nearer_than_the_weights():
    torch.manual_seed(3)
    x = Parameter(torch.ones(1000, dtype=torch.float64))
    opt = thalweg.ScheduleFreeSGD([x], lr=0.5)
    for _ in range(400):
        x.grad = x.detach() + torch.randn(1000, dtype=torch.float64)
        opt.step()
    (mean,) = averages(opt, [x])
    assert mean.norm() < 0.75 * x.norm() < 0.75 * opt.state[x]["z"].norm()


def test_the_numbers_go_through_a_state_dict_whole():
    ours, both = weights(), weights()
    one, two = (thalweg.ScheduleFreeSGD(p, lr=0.1, warmup_steps=9) for p in (ours, both))
    walk(one, ours, 4, 1), walk(two, both, 4, 1)
    again = thalweg.ScheduleFreeSGD(both)
    again.load_state_dict(two.state_dict())
    walk(one, ours, 9, 2), walk(again, both, 9, 2)
    assert all(torch.equal(a, b) for a, b in zip(ours, both, strict=True))
