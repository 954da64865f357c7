"""ASGD is torch's at a constant learning rate, and hears of a new one in time."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of, walk, weights, wide
from thalweg import rules

FLAGS = [
    {},
    {"lr": 0.1, "lambd": 0.3, "alpha": 0.9, "t0": 5, "weight_decay": 0.1},
    {"lr": 0.1, "lambd": 0.1, "t0": 0.0, "maximize": True, "weight_decay": 0.1},
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("asgd", engine="eager", **flags)


@pytest.mark.parametrize("flags", [FLAGS[0], FLAGS[1]], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("asgd", engine="cpu", **flags)


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_average_and_numbers_are_torch_s_too(flags):
    ours, theirs = weights(), weights()
    mine = thalweg.ASGD(ours, **flags)
    with wide():
        other = torch.optim.ASGD(theirs, foreach=False, **flags)
        walk(other, theirs, 20)
    walk(mine, ours, 20)
    for p, q in zip(ours, theirs, strict=True):
        for name in ("ax", "eta", "mu"):
            found = torch.as_tensor(mine.state[p][name], dtype=torch.float64)
            torch.testing.assert_close(found, other.state[q][name], rtol=1e-12, atol=1e-13)


def test_a_change_of_lr_does_not_arrive_one_step_late():
    def second(kind):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = kind([x], lr=0.1, lambd=0.0)
        steps_of(opt, x, [1.0])
        opt.param_groups[0]["lr"] = 0.001
        return steps_of(opt, x, [1.0])[0].item()

    assert second(thalweg.ASGD) == pytest.approx(-0.001)
    with wide():
        assert second(torch.optim.ASGD) == pytest.approx(-0.1)  # torch's is late


def test_the_average_is_the_mean_of_the_places_since_t0():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.ASGD([x], lr=0.1, t0=3)
    places = []
    for grad in (1.0, -2.0, 0.5, 4.0, -1.0, 0.25, 3.0):
        steps_of(opt, x, [grad])
        places.append(x.item())
        # μ falls below 1 at step t0 + 3: step t0 + 2 is the first place of the mean.
        since = places[4:] or places[-1:]
        assert opt.state[x]["ax"].item() == pytest.approx(sum(since) / len(since), rel=1e-13)


def test_averaged_gives_the_average():
    rule = rules.find("asgd")
    assert rule.averaged(1.0, 2.0, **rule.defaults) == 2.0


def test_until_t0_the_average_is_the_parameter_bit_for_bit():
    params = weights(torch.float32)
    opt = thalweg.ASGD(params, lr=0.1)
    walk(opt, params, 9)
    assert all(torch.equal(opt.state[p]["ax"], p) for p in params)


def test_steps_get_shorter_by_themselves():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.ASGD([x], lr=1.0, lambd=0.5, alpha=1.0)
    etas = []
    for _ in range(4):
        before = x.item()
        moved = steps_of(opt, x, [1.0])[0].item()
        etas.append(-moved / (1 + 0.5 * before))
    assert etas == pytest.approx([1.0, 1 / 1.5, 1 / 2.0, 1 / 2.5], rel=1e-13)


def moved(opt, make, params):
    other = make(params)
    other.load_state_dict(opt.state_dict())
    return other


def test_a_run_moves_from_torch_to_us_and_back():
    flags = {"lr": 0.1, "lambd": 0.1, "t0": 4, "foreach": False}
    alone, both = weights(), weights()
    with wide():
        rival = torch.optim.ASGD(alone, **flags)
        for seed in (1, 2, 3):
            expected = walk(rival, alone, 7, seed)
        opt = torch.optim.ASGD(both, **flags)
        walk(opt, both, 7, 1)
        opt = moved(opt, thalweg.ASGD, both)
        walk(opt, both, 7, 2)
        opt = moved(opt, torch.optim.ASGD, both)
        assert opt.state[both[0]]["eta"].shape == opt.state[both[0]]["mu"].shape == ()
        found = walk(opt, both, 7, 3)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)
