"""SGD is torch's by default, and keeps apart the three things called momentum."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of, twin, walk, weights
from thalweg.schedules import ramp

PLAIN = [
    {},
    {"weight_decay": 0.1},
    {"maximize": True, "weight_decay": 0.1},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3},
    {"momentum": 0.9, "nesterov": True},
    {"momentum": 0.9, "nesterov": True, "maximize": True, "weight_decay": 0.1},
    {"momentum": 0.5, "dampening": 0.5, "maximize": True, "weight_decay": 0.1},
]


@pytest.mark.parametrize("flags", PLAIN, ids=str)
def test_the_sum_form_is_torchs(flags):
    assert_follows_torch("sgd", engine="eager", **flags)


@pytest.mark.parametrize("flags", [PLAIN[0], PLAIN[6], PLAIN[7]], ids=str)
def test_the_kernel_is_torchs_too(flags):
    assert_follows_torch("sgd", engine="cpu", **flags)


def by_hand(form, rates, momenta, grads, *, nesterov=False):
    """The equations of the docstring, in Python floats, for one weight that starts at 0."""
    x, buffer, path = 0.0, 0.0, []
    for t, (lr, mu, g) in enumerate(zip(rates, momenta, grads, strict=True)):
        if form == "velocity":
            buffer = mu * buffer - lr * g
            x += mu * buffer - lr * g if nesterov else buffer
        else:
            share = 1.0 if form == "sum" else 1 - mu
            buffer = g if t == 0 else mu * buffer + share * g
            x -= lr * (share * g + mu * buffer if nesterov else buffer)
        path.append(x)
    return path


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("form", ["sum", "average", "velocity"])
def test_each_form_is_its_equation_while_lr_and_momentum_change(form, nesterov):
    grads = [1.0, -2.0, 0.5, 3.0, 0.0, -1.0, 0.25, 4.0]
    rates = [0.1, 0.1, 0.05, 0.05, 0.2, 0.2, 0.01, 0.01]
    momenta = [0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.3, 0.9]
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.SGD([x], momentum=0.5, form=form, nesterov=nesterov, engine="eager")
    path = []
    for lr, mu, g in zip(rates, momenta, grads, strict=True):
        opt.param_groups[0] |= {"lr": lr, "momentum": mu}
        steps_of(opt, x, [g])
        path.append(x.item())
    assert path == pytest.approx(by_hand(form, rates, momenta, grads, nesterov=nesterov), rel=1e-13)


def test_sum_and_velocity_are_one_until_lr_changes():
    x, y = (Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    total = thalweg.SGD([x], lr=0.1, momentum=0.9)
    speed = thalweg.SGD([y], lr=0.1, momentum=0.9, form="velocity")
    steps_of(total, x, [1.0] * 5), steps_of(speed, y, [1.0] * 5)
    assert x.item() == pytest.approx(y.item(), rel=1e-14)
    total.param_groups[0]["lr"] = speed.param_groups[0]["lr"] = 0.01
    drop = steps_of(total, x, [1.0])[0].item()
    coast = steps_of(speed, y, [1.0])[0].item()
    # Torch's form rescales the whole history with the new lr; Keras's lets old steps coast.
    assert abs(coast) > 5 * abs(drop)


@pytest.mark.parametrize(("form", "gain"), [("sum", 10.0), ("velocity", 10.0), ("average", 1.0)])
def test_a_constant_gradient_is_stepped_along_with_the_gain_of_the_form(form, gain):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.SGD([x], lr=0.1, momentum=0.9, form=form)
    last = steps_of(opt, x, [1.0] * 400)[-1].item()
    assert last == pytest.approx(-0.1 * gain, rel=1e-12)


def test_dampening_spares_the_first_gradient():
    x = Parameter(torch.zeros(1))
    opt = thalweg.SGD([x], lr=1.0, momentum=0.5, dampening=0.5)
    assert [s.item() for s in steps_of(opt, x, [1.0, 1.0])] == [-1.0, -1.0]


def test_momentum_may_start_at_zero_on_a_schedule_even_with_nesterov():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.SGD([x], lr=0.1, momentum=ramp(0.0, 0.8, steps=4), nesterov=True)
    moved = steps_of(opt, x, [1.0] * 4)
    rates, momenta = [0.1] * 4, [0.0, 0.2, 0.4, 0.6]
    assert x.item() == pytest.approx(
        by_hand("sum", rates, momenta, [1.0] * 4, nesterov=True)[-1], rel=1e-13
    )
    assert moved[0].item() == -0.1


def test_a_momentum_that_passes_through_zero_forgets_the_past():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.SGD([x], lr=1.0, momentum=0.9)
    steps_of(opt, x, [100.0])
    opt.param_groups[0]["momentum"] = 0.0
    steps_of(opt, x, [1.0])
    opt.param_groups[0]["momentum"] = 0.5
    # Torch leaves the old buffer lying while momentum is 0, and takes it up again here.
    assert steps_of(opt, x, [1.0])[0].item() == -1.5


def test_maximize_turns_the_gradient_before_the_decay():
    x = Parameter(torch.ones(1))
    opt = thalweg.SGD([x], lr=0.5, weight_decay=0.5, maximize=True)
    assert steps_of(opt, x, [0.0])[0].item() == -0.25


@pytest.mark.parametrize(
    "late", [{"momentum": 0.9}, {"momentum": 0.9, "weight_decay": 0.1}], ids=str
)
def test_a_momentum_that_is_raised_from_zero_works_from_then_on(late):
    ours, theirs = weights(), weights()
    mine, other = thalweg.SGD(ours, lr=0.1), twin("sgd")(theirs, lr=0.1, foreach=False)
    for opt, params in ((mine, ours), (other, theirs)):
        walk(opt, params, 3)
        opt.param_groups[0].update(late)
        walk(opt, params, 5, seed=2)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)


def test_nesterov_without_momentum_is_refused():
    with pytest.raises(ValueError, match=r"^sgd: nesterov=True needs a momentum above 0"):
        thalweg.SGD([Parameter(torch.ones(1))], nesterov=True)


def test_dampening_belongs_to_the_sum():
    with pytest.raises(ValueError, match="dampening"):
        thalweg.SGD([Parameter(torch.ones(1))], momentum=0.9, dampening=0.1, form="average")


def test_decoupled_decay_never_enters_the_buffer():
    x = Parameter(torch.ones(1, dtype=torch.float64))
    opt = thalweg.SGD(
        [x], lr=0.5, momentum=0.9, weight_decay=0.5, decoupled_weight_decay=True, form="velocity"
    )
    assert [s.item() for s in steps_of(opt, x, [0.0, 0.0])] == [-0.25, -0.1875]
    assert opt.state[x]["momentum_buffer"].item() == 0
