"""Rprop is torch's, and counts signs only."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, gradients, steps_of, walk, weights

FLAGS = [
    {},
    {"lr": 0.5, "maximize": True},
    {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (1e-2, 0.2)},
    {"lr": 100.0},
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("rprop", engine="eager", **flags)


@pytest.mark.parametrize("flags", [FLAGS[0], FLAGS[2]], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("rprop", engine="cpu", **flags)


def test_steps_grow_while_the_sign_stays_shrink_where_it_turns_and_wait_there():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    moved = [s.item() for s in steps_of(thalweg.Rprop([x], lr=1.0), x, [1, 1, 1, -1, -1, -1])]
    assert moved == pytest.approx([-1.0, -1.2, -1.44, 0.0, 0.72, 0.864], rel=1e-15)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
@pytest.mark.parametrize("scale", [2.0**-70, 2.0**60])
def test_the_path_does_not_change_when_gradients_are_scaled(scale, engine):
    # In float32, where torch's product of two gradients of 1e-21 is 0 and steps stand still.
    plain, scaled = (Parameter(torch.zeros(5)) for _ in range(2))
    one, two = (thalweg.Rprop([p], engine=engine) for p in (plain, scaled))
    for grads in gradients(30):
        plain.grad = grads[0].float()
        scaled.grad = plain.grad * scale
        one.step(), two.step()
    assert torch.equal(plain, scaled)


def test_steps_stay_between_their_bounds():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Rprop([x], lr=0.1, step_sizes=(0.01, 0.5))
    moved = [abs(s.item()) for s in steps_of(opt, x, [1.0] * 30)]
    assert moved[-1] == pytest.approx(0.5)
    moved = [abs(s.item()) for s in steps_of(opt, x, [1.0, -1.0] * 30)]
    assert min(m for m in moved if m) == pytest.approx(0.01)


def test_lr_is_where_steps_start_and_nothing_else():
    x, y = (Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    one, two = (thalweg.Rprop([p], lr=0.1) for p in (x, y))
    steps_of(one, x, [1.0]), steps_of(two, y, [1.0])
    two.param_groups[0]["lr"] = 1e-9
    steps_of(one, x, [1.0] * 5), steps_of(two, y, [1.0] * 5)
    assert x.item() == y.item()


def test_its_steps_lead_to_the_bottom_of_a_narrow_valley():
    # 10,000 times as steep one way as the other: each weight finds its own step.
    x = Parameter(torch.tensor([1.0, 1.0], dtype=torch.float64))
    opt = thalweg.Rprop([x])
    for _ in range(200):
        x.grad = torch.tensor([1e4, 1.0]) * x.detach()
        opt.step()
    assert x.abs().max().item() < 1e-4


def moved(opt, make, params):
    other = make(params)
    other.load_state_dict(opt.state_dict())
    return other


def test_a_run_moves_from_torch_to_us_and_back():
    alone, both = weights(), weights()
    rival = torch.optim.Rprop(alone, lr=0.1, foreach=False)
    for seed in (1, 2, 3):
        expected = walk(rival, alone, 7, seed)
    opt = torch.optim.Rprop(both, lr=0.1, foreach=False)
    walk(opt, both, 7, 1)
    opt = moved(opt, thalweg.Rprop, both)
    walk(opt, both, 7, 2)
    opt = moved(opt, torch.optim.Rprop, both)
    for mine, other in zip(walk(opt, both, 7, 3), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "flags", [{"etas": (0.5, 0.9)}, {"etas": (0.0, 1.2)}, {"step_sizes": (1.0, 0.1)}], ids=str
)
def test_factors_and_bounds_that_make_no_sense_are_refused(flags):
    with pytest.raises(ValueError, match=r"^rprop: "):
        thalweg.Rprop([Parameter(torch.ones(1))], **flags)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_gradient_of_nan_does_not_hide(engine):
    x = Parameter(torch.ones(9))
    steps_of(thalweg.Rprop([x], engine=engine), x, [1.0, float("nan")])
    assert x.isnan().all()
