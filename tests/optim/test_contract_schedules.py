"""Schedules of ours and schedulers of torch both set the numbers of a step."""

import pytest
import torch
from torch.nn import Parameter
from torch.optim import lr_scheduler as torch_schedulers
from torch.optim.swa_utils import SWALR, AveragedModel

import thalweg
from tests.optim.problem import NAMES, kind, same, values, walk, weights
from thalweg.schedules import constant, cosine, ramp

MAKERS = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda t: 0.9**t),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda t: 0.9),
    "StepLR": lambda s, o: s.StepLR(o, 2),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [2, 4]),
    "ConstantLR": lambda s, o: s.ConstantLR(o, total_iters=3),
    "LinearLR": lambda s, o: s.LinearLR(o, total_iters=5),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.8),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, 6),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 6),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.2, total_steps=10),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.1, step_size_up=3),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, total_iters=2), s.ExponentialLR(o, 0.9)], milestones=[3]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, total_iters=2), s.ExponentialLR(o, 0.9)]
    ),
}


def follow(opt, params, scheduler, steps=8):
    rates = []
    for t in range(steps):
        walk(opt, params, range(t, t + 1))
        scheduler.step()
        rates.append(float(opt.param_groups[0]["lr"]))
    return rates, values(params)


@pytest.mark.parametrize("tensor", [False, True], ids=["float", "tensor"])
@pytest.mark.parametrize("scheduler", MAKERS)
def test_every_torch_scheduler_sets_what_it_sets_in_torch(scheduler, tensor):
    found = []
    for make in (thalweg.SGD, torch.optim.SGD):
        params = weights()
        lr = torch.tensor(0.1, dtype=torch.float64) if tensor else 0.1
        opt = make(params, lr=lr, momentum=0.9, foreach=False)
        found.append(follow(opt, params, MAKERS[scheduler](torch_schedulers, opt)))
    assert found[0][0] == found[1][0]
    for mine, other in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheduler", ["OneCycleLR", "CyclicLR"])
def test_cycled_momentum_is_written_where_torch_writes_it(name, scheduler):
    params = weights()
    opt = kind(name)(params, lr=0.1, engine="eager")
    if not {"momentum", "betas"} & opt.defaults.keys():
        with pytest.raises(ValueError, match="momentum"):
            MAKERS[scheduler](torch_schedulers, opt)
        return
    follow(opt, params, MAKERS[scheduler](torch_schedulers, opt))
    assert all(torch.isfinite(p).all() for p in params)


def test_a_plateau_lowers_the_rate():
    params = weights()
    opt = thalweg.Adam(params, lr=0.1)
    scheduler = torch_schedulers.ReduceLROnPlateau(opt, patience=0)
    for _ in range(3):
        walk(opt, params, 1)
        scheduler.step(1.0)
    assert opt.param_groups[0]["lr"] == pytest.approx(0.001)


@pytest.mark.parametrize("scheduler", ["OneCycleLR", "CosineAnnealingLR", "SequentialLR"])
def test_a_scheduled_run_resumes_at_every_step(scheduler):
    alone = weights()
    opt = thalweg.SGD(alone, lr=0.1, momentum=0.9)
    expected = follow(opt, alone, MAKERS[scheduler](torch_schedulers, opt))
    for stop in range(1, 8):
        params = weights()
        opt = thalweg.SGD(params, lr=0.1, momentum=0.9)
        plan = MAKERS[scheduler](torch_schedulers, opt)
        rates, _ = follow(opt, params, plan, stop)
        other = thalweg.SGD(params, lr=0.1, momentum=0.9)
        again = MAKERS[scheduler](torch_schedulers, other)
        again.load_state_dict(plan.state_dict())
        other.load_state_dict(opt.state_dict())
        for t in range(stop, 8):
            walk(other, params, range(t, t + 1))
            again.step()
            rates.append(other.param_groups[0]["lr"])
        assert rates == expected[0]
        assert same(values(params), expected[1])


@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_rate_may_be_a_tensor_filled_in_place(shape):
    p = Parameter(torch.zeros(2))
    rate = torch.full(shape, 1.0)
    opt = thalweg.SGD([p], lr=rate)
    p.grad = torch.ones(2)
    opt.step()
    rate.fill_(0.5)
    opt.step()
    assert p.eq(-1.5).all()
    assert opt.param_groups[0]["lr"] is rate


def test_averaged_models_and_swa_work():
    model = torch.nn.Linear(3, 1)
    opt = thalweg.SGD(model.parameters(), lr=0.1)
    average, scheduler = AveragedModel(model), SWALR(opt, swa_lr=0.05, anneal_epochs=2)
    seen = []
    for _ in range(3):
        opt.zero_grad()
        model(torch.ones(3)).sum().backward()
        opt.step()
        seen.append(model.weight.detach().clone())
        average.update_parameters(model)
        scheduler.step()
    torch.testing.assert_close(average.module.weight.data, sum(seen) / 3)
    assert opt.param_groups[0]["lr"] == pytest.approx(0.05)


def test_a_schedule_of_ours_sets_the_rate_of_each_step():
    schedule = cosine(0.1, steps=10, warmup=2)
    ours, theirs = weights(), weights()
    opt, other = thalweg.SGD(ours, lr=schedule), torch.optim.SGD(theirs, lr=1.0, foreach=False)
    for t in range(12):
        walk(opt, ours, range(t, t + 1))
        other.param_groups[0]["lr"] = schedule(t)
        walk(other, theirs, range(t, t + 1))
        assert opt.param_groups[0]["lr"] == schedule(t)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)


def test_an_epoch_schedule_needs_the_length_of_an_epoch():
    params = weights()
    opt = thalweg.SGD(params, momentum=ramp(0.5, 0.9, epochs=2))
    with pytest.raises(
        ValueError, match=r"^sgd: momentum is a schedule in epochs; .*steps_per_epoch"
    ):
        walk(opt, params, 1)
    opt = thalweg.SGD(params, momentum=ramp(0.5, 0.9, epochs=2), steps_per_epoch=4)
    walk(opt, params, 5)
    assert opt.param_groups[0]["momentum"] == pytest.approx(0.7)


def test_a_held_momentum_keeps_the_effective_rate():
    p = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.SGD([p], lr=0.1, momentum=ramp(0.5, 0.9, steps=50, hold="effective_lr"))
    for _ in range(400):
        before = p.item()
        p.grad = torch.ones_like(p)
        opt.step()
    assert before - p.item() == pytest.approx(0.1 / (1 - 0.5), rel=1e-9)


def test_what_can_t_be_on_a_schedule_is_refused():
    for name, settings in (
        ("amsgrad", {"amsgrad": constant(1.0)}),
        ("holds the effective step", {"lr": constant(0.1, hold="effective_lr")}),
        ("beta2", {"betas": (0.9, constant(1.5))}),
    ):
        with pytest.raises(ValueError, match=name):
            thalweg.Adam(weights(), **settings)


def test_two_masters_of_the_rate_are_refused():
    params = weights()
    opt = thalweg.SGD(params, lr=cosine(0.1, steps=10))
    torch_schedulers.StepLR(opt, 2)
    with pytest.raises(ValueError, match="lr has a schedule of its own and a torch lr_scheduler"):
        walk(opt, params, 1)


def test_each_group_has_its_own_schedule():
    a, b = (Parameter(torch.zeros(1)) for _ in range(2))
    opt = thalweg.SGD([{"params": [a], "lr": ramp(1.0, 0.0, steps=2)}, {"params": [b]}], lr=0.25)
    a.grad, b.grad = torch.ones(1), torch.ones(1)
    opt.step(), opt.step()
    assert (a.item(), b.item()) == (-1.5, -0.5)


def test_a_schedule_put_into_a_group_by_hand_is_refused_in_one_line():
    p = Parameter(torch.zeros(1))
    opt = thalweg.SGD([p], lr=0.1)
    opt.param_groups[0]["lr"] = constant(0.5)
    p.grad = torch.ones(1)
    with pytest.raises((TypeError, ValueError), match=r"^sgd: lr"):
        opt.step()


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_skipped_step_does_not_advance_the_schedule(name):
    p = Parameter(torch.zeros(1))
    opt = kind(name)([p], lr=ramp(1.0, 0.0, steps=10), fused=True, engine="eager")
    p.grad = torch.ones(1)
    opt.step()
    opt.found_inf = torch.tensor(1.0)
    opt.step(), opt.step()
    opt.found_inf = None
    opt.step()
    assert opt.param_groups[0]["lr"] == 0.9
