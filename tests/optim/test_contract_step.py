"""A step does what a step of torch's does, and nothing else."""

import pytest
import torch
from torch.nn import Parameter
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

import thalweg
from tests.optim.problem import NAMES, decaying, feed, kind, same, tensors_of, values, walk, weights


def test_a_closure_is_called_once_with_gradients_on_and_its_value_returned():
    p = Parameter(torch.ones(2))
    opt = thalweg.SGD([p], lr=0.1)
    calls = []

    def closure():
        calls.append(torch.is_grad_enabled())
        opt.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert opt.step(closure).item() == 2.0
        assert opt.step(closure=closure) is not None
        assert not torch.is_grad_enabled()
    assert calls == [True, True]


def test_without_a_closure_a_step_returns_none():
    params = weights()
    opt = thalweg.Adam(params)
    feed(params, 0)
    assert opt.step() is None
    assert opt.step(closure=None) is None


def test_a_closure_that_raises_leaves_everything_as_it_was():
    params = weights()
    opt = thalweg.Adam(params)
    walk(opt, params, 1)
    before = values(params)
    with torch.no_grad():
        with pytest.raises(ZeroDivisionError):
            opt.step(lambda: 1 / 0)
        assert not torch.is_grad_enabled()
    assert same(values(params), before)


def test_hooks_of_the_optimizer_and_of_all_optimizers_run_once_each():
    params = weights()
    opt = thalweg.Adam(params)
    feed(params, 0)
    seen = []
    handles = [
        opt.register_step_pre_hook(lambda o, args, kwargs: seen.append("before")),
        opt.register_step_post_hook(lambda o, args, kwargs: seen.append("after")),
        register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("before all")),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("after all")),
    ]
    opt.step()
    assert sorted(seen) == ["after", "after all", "before", "before all"]
    for handle in handles:
        handle.remove()
    opt.step()
    assert len(seen) == 4


def test_a_pre_hook_may_change_the_closure():
    params = weights()
    opt = thalweg.Adam(params)
    feed(params, 0)
    opt.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 5.0), {}))
    assert opt.step() == 5.0


def test_the_profiler_names_the_step_as_torch_does():
    params = weights()
    opt = thalweg.Adam(params)
    feed(params, 0)
    with torch.autograd.profiler.profile() as profile:
        opt.step()
    assert "Optimizer.step#Adam.step" in {event.key for event in profile.key_averages()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_the_gradient_is_only_read(name, engine):
    params = weights(torch.float32)
    engine = "auto" if engine == "cpu" else engine  # some keep what no kernel has a word for
    opt = kind(name)(params, **decaying(name, 0.1), maximize=True, engine=engine)
    feed(params, 0)
    grads = [p.grad for p in params]
    before = [g.clone() for g in grads]
    opt.step()
    assert all(p.grad is g for p, g in zip(params, grads, strict=True))
    assert same(grads, before)


@pytest.mark.parametrize("name", NAMES)
def test_no_gradient_means_no_decay_and_no_state(name):
    p, q = Parameter(torch.ones(3)), Parameter(torch.ones(3))
    opt = kind(name)([p, q], lr=0.1, **decaying(name, 0.5))
    p.grad = torch.ones(3)
    opt.step()
    assert q.eq(1).all()
    assert q not in opt.state


@pytest.mark.parametrize("name", [n for n in NAMES if n != "rprop"])  # lr is where it starts
def test_at_lr_zero_nothing_moves(name):
    params = weights()
    before = values(params)
    walk(kind(name)(params, lr=0.0, **decaying(name, 0.1)), params, 3)
    assert same(values(params), before)


@pytest.mark.parametrize("name", NAMES)
def test_the_grouping_does_not_change_the_result(name):
    together, apart = weights(torch.float32), weights(torch.float32)
    one = kind(name)(together, lr=0.01)
    many = kind(name)([{"params": [p]} for p in apart], lr=0.01)
    assert same(walk(one, together, 3), walk(many, apart, 3))


def test_a_saved_tensor_that_was_stepped_is_noticed_by_autograd():
    for engine in ("cpu", "eager", "oracle"):
        p = Parameter(torch.ones(3))
        loss = (p * p).sum()
        p.grad = torch.ones(3)
        thalweg.SGD([p], lr=0.1, engine=engine).step()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()


@pytest.mark.parametrize(
    "mode",
    [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu", dtype=torch.bfloat16)],
    ids=["no_grad", "inference_mode", "autocast"],
)
@pytest.mark.parametrize("engine", ["cpu", "eager"])
def test_a_step_in_another_mode_is_the_same_step(mode, engine):
    plain, moded = weights(torch.float32), weights(torch.float32)
    expected = walk(thalweg.AdamW(plain, engine=engine), plain, 2)
    opt = thalweg.AdamW(moded, engine=engine)
    for t in range(2):
        feed(moded, t)
        with mode():
            opt.step()
    assert same(values(moded), expected)


def test_a_hyper_parameter_written_between_steps_counts_from_the_next():
    p = Parameter(torch.zeros(1))
    opt = thalweg.SGD([p], lr=1.0)
    p.grad = torch.ones(1)
    opt.step()
    opt.param_groups[0]["lr"] = 0.5
    opt.step()
    opt.param_groups[0]["maximize"] = True
    opt.step()
    assert p.item() == -1.0


def test_an_engine_chosen_between_steps_counts_from_the_next():
    params = weights()
    opt = thalweg.Adam(params)
    walk(opt, params, 1)
    opt.param_groups[0]["engine"] = "oracle"
    assert {row.engine for row in opt.plan().rows} == {"oracle"}
    walk(opt, params, range(1, 2))
    assert {lot.engine for lot in opt._lots[0].lots} == {"oracle"}


def test_a_step_count_set_back_by_the_user_counts():
    params = weights()
    opt = thalweg.Adam(params)
    walk(opt, params, 3)
    for own in opt.state.values():
        own["step"] = 0
    walk(opt, params, range(3, 4))
    assert {own["step"] for own in opt.state.values()} == {1}


@pytest.mark.parametrize("change", [{"amsgrad": True}, {"weight_decay": 0.5}], ids=str)
def test_an_option_turned_on_between_steps_changes_the_update(change):
    plain, changed = weights(), weights()
    one, two = thalweg.Adam(plain, lr=0.1), thalweg.Adam(changed, lr=0.1)
    walk(one, plain, 2), walk(two, changed, 2)
    two.param_groups[0].update(change)
    assert not same(walk(one, plain, range(2, 9)), walk(two, changed, range(2, 9)))


BESIDE = {
    "dampening": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9},
    "form": {"momentum": 0.9},
    "decoupled_weight_decay": {"weight_decay": 0.5},
    "amsgrad_max": {"amsgrad": True},
    "decouple": {"weight_decay": 0.5},
    "safeguard_warmup": {"lr": 0.5},
    "growth_rate": {"d_coef": 1e6},
    "always_adapt": {"weight_decay": 0.0},
    "weight_lr_power": {"warmup_steps": 5},
}
"""What an argument needs beside it to have an effect."""


OTHERS = {
    "t0": 2.0,
    "warmup_steps": 5,
    "etaplus": 1.5,
    "growth_rate": 1.02,
    "d_coef": 1e6,
    "step_size_min": 9e-3,
    "step_size_max": 1.1e-2,
    "eps2": 2.0,
}
"""Values that make a difference within eight steps, where half of the default does not."""


def other_than(hyper):
    if hyper.name in OTHERS:
        return OTHERS[hyper.name]
    if hyper.choices:
        return next(choice for choice in hyper.choices if choice != hyper.default)
    if hyper.default is None:
        return 0.5
    half = hyper.default * 0.5 or 0.25
    return half if hyper.refuse(half) is None else hyper.default * 2


@pytest.mark.parametrize("name", NAMES)
def test_every_hyper_parameter_has_an_effect(name):
    def end(**settings):
        params = weights()
        opt = thalweg.optim.build(name, params, engine="eager", **settings)
        return [*walk(opt, params, 8), *tensors_of(opt)]  # what asgd averages is a state

    for hyper in kind(name).rule.hypers.values():
        beside = BESIDE.get(hyper.name, {})
        one, other = end(**beside), end(**{**beside, hyper.name: other_than(hyper)})
        assert len(one) != len(other) or not same(one, other), hyper.name


def test_a_parameter_given_twice_is_stepped_twice_as_in_torch():
    ends = []
    for make in (torch.optim.Adam, thalweg.Adam):
        p = Parameter(torch.ones(3, dtype=torch.float64))
        with pytest.warns(UserWarning, match="duplicate parameters"):
            opt = make([p, p], lr=0.1)
        ends.append(walk(opt, [p], 3)[0])
    torch.testing.assert_close(*ends, rtol=1e-12, atol=0)


def test_one_bad_gradient_stops_the_step_before_any_weight_moves():
    p, table = Parameter(torch.ones(3)), Parameter(torch.ones(3, 2))
    opt = thalweg.Adam([p, table])
    p.grad = torch.ones(3)
    table.grad = torch.sparse_coo_tensor([[0]], [[1.0, 1.0]], (3, 2), check_invariants=False)
    with pytest.raises(RuntimeError, match="sparse"):
        opt.step()
    assert p.eq(1).all()
