"""Clipping, averaging, clearing and watching happen in the step, as torch does them beside it."""

import math

import pytest
import torch
from torch.amp import GradScaler
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import thalweg
from tests.optim.problem import feed, same, tensors_of, values, walk, weights

ENGINES = ["cpu", "eager", "oracle"]


def follow(opt, params, steps, *, before=lambda: None):
    for t in range(steps):
        feed(params, t)
        before()
        opt.step()
    return values(params)


def close(one, other, rtol=1e-12):
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=rtol, atol=1e-14)


# Clipping.


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("limit", [0.1, 2.0, 1e6])
def test_clip_norm_is_torch_s_clipping_before_torch_s_step(engine, limit):
    ours, theirs = weights(), weights()
    twin = torch.optim.AdamW(theirs, lr=0.1, foreach=False)
    expected = follow(twin, theirs, 5, before=lambda: clip_grad_norm_(theirs, limit))
    opt = thalweg.AdamW(ours, lr=0.1, clip_norm=limit, engine=engine)
    close(follow(opt, ours, 5), expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_clip_tensor_norm_is_that_for_each_tensor(engine):
    ours, theirs = weights(), weights()

    def clip():
        for p in theirs:
            clip_grad_norm_([p], 0.5)

    twin = torch.optim.SGD(theirs, lr=0.1, foreach=False)
    expected = follow(twin, theirs, 5, before=clip)
    opt = thalweg.SGD(ours, lr=0.1, clip_tensor_norm=0.5, engine=engine)
    close(follow(opt, ours, 5), expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_clip_value_is_torch_s(engine):
    ours, theirs = weights(), weights()
    twin = torch.optim.SGD(theirs, lr=0.1, foreach=False)
    expected = follow(twin, theirs, 5, before=lambda: clip_grad_value_(theirs, 0.3))
    opt = thalweg.SGD(ours, lr=0.1, clip_value=0.3, engine=engine)
    close(follow(opt, ours, 5), expected)


def test_a_broken_element_is_not_hidden_by_clip_value():
    for engine in ENGINES:
        p = Parameter(torch.ones(2))
        opt = thalweg.SGD([p], clip_value=0.3, engine=engine)
        p.grad = torch.tensor([math.nan, math.inf])
        opt.step()
        assert p[0].isnan()


@pytest.mark.parametrize("engines", [("cpu", "cpu"), ("cpu", "eager"), ("oracle", "cpu")])
def test_one_norm_goes_over_all_groups_and_engines(engines):
    ours, theirs = weights(), weights()
    twin = torch.optim.AdamW(theirs, lr=0.1, foreach=False)
    expected = follow(twin, theirs, 4, before=lambda: clip_grad_norm_(theirs, 0.5))
    groups = [
        {"params": ours[:1], "engine": engines[0]},
        {"params": ours[1:], "engine": engines[1]},
    ]
    opt = thalweg.AdamW(groups, lr=0.1, clip_norm=0.5)
    close(follow(opt, ours, 4), expected)


def test_groups_may_differ_in_what_they_clip_to():
    ours = weights()
    norm = math.sqrt(sum(float(g.square().sum()) for g in _grads(ours)))
    groups = [{"params": ours[:1], "clip_norm": 0.25 * norm}, {"params": ours[1:]}]
    expected = [
        p.detach() - f * g for p, g, f in zip(ours, _grads(ours), (0.25, 0.5, 0.5), strict=True)
    ]
    close(follow(thalweg.SGD(groups, lr=1.0, clip_norm=0.5 * norm), ours, 1), expected, 1e-5)


def _grads(params):
    feed(params, 0)
    return [p.grad.clone() for p in params]


@pytest.mark.parametrize("fused", [None, True], ids=["plain", "fused"])
@pytest.mark.parametrize("engine", ["cpu", "eager"])
def test_what_is_clipped_is_the_unscaled_gradient(engine, fused):
    def train(scale, **settings):
        p = Parameter(torch.ones(5))
        opt = thalweg.SGD([p], lr=0.1, clip_norm=0.5, engine=engine, **settings)
        scaler = GradScaler("cpu", init_scale=scale, enabled=scale > 1)
        for t in range(3):
            opt.zero_grad()
            scaler.scale(((p - t) ** 2).sum()).backward()
            scaler.step(opt)
            scaler.update()
        return p.detach(), opt.last

    plain, seen = train(1.0)
    scaled, also = train(2.0**10, fused=fused)
    torch.testing.assert_close(scaled, plain, rtol=1e-6, atol=0)
    assert math.isclose(also.gradient_norm, seen.gradient_norm, rel_tol=1e-6)
    assert math.isclose(also.clip_factor, seen.clip_factor, rel_tol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_maximize_clips_what_it_turns_around(engine):
    ours, theirs = weights(), weights()
    twin = torch.optim.AdamW(theirs, lr=0.1, maximize=True, foreach=False)
    expected = follow(twin, theirs, 3, before=lambda: clip_grad_norm_(theirs, 0.5))
    opt = thalweg.AdamW(ours, lr=0.1, maximize=True, clip_norm=0.5, engine=engine)
    close(follow(opt, ours, 3), expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("broken", [math.inf, -math.inf, math.nan])
def test_a_norm_that_is_not_finite_skips_the_step(engine, broken):
    params = weights()
    opt = thalweg.AdamW(params, lr=0.1, clip_norm=1.0, engine=engine)
    follow(opt, params, 2)
    before = [*values(params), *tensors_of(opt)]
    feed(params, 2)
    params[1].grad[1, 2] = broken
    opt.step()
    assert same([*values(params), *tensors_of(opt)], before)
    assert {own["step"] for own in opt.state.values()} == {2}
    assert not opt.last.applied
    assert opt.last.why == f"the norm of all gradients is {abs(broken)}"
    assert not math.isfinite(opt.last.gradient_norm)
    follow(opt, params, 1)
    assert opt.last.applied
    assert {own["step"] for own in opt.state.values()} == {3}


def test_a_norm_that_is_not_finite_skips_whichever_group_moves():
    one, two = weights()[:2]
    opt = thalweg.SGD([{"params": [one]}, {"params": [two], "clip_norm": 1.0}], lr=0.1)
    before = values([two])
    two.grad = torch.full_like(two, math.inf)
    opt.step()
    assert not opt.last.applied
    assert same(values([two]), before)


def test_a_skipped_first_step_is_no_step():
    params = weights()
    opt = thalweg.SGD(params, lr=0.1, momentum=0.9, clip_norm=1.0)
    feed(params, 0)
    params[0].grad[0] = math.nan
    opt.step()
    plain = weights()
    close(
        follow(opt, params, 2),
        follow(thalweg.SGD(plain, lr=0.1, momentum=0.9, clip_norm=1.0), plain, 2),
    )


@pytest.mark.parametrize("order", [(None, 1.0), (1.0, None)], ids=["none first", "none last"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rule", ["SGD", "Prodigy", "DAdaptSGD"])
def test_a_group_without_clip_norm_beside_one_with_is_one_clear_line(order, engine, rule):
    if not hasattr(thalweg, rule):
        pytest.skip("no such rule")
    params = weights()[:2]
    groups = [{"params": [p], "clip_norm": c} for p, c in zip(params, order, strict=True)]
    opt = getattr(thalweg, rule)(groups, lr=0.1, engine=engine)
    before = values(params)
    feed(params, 0)
    with pytest.raises(RuntimeError, match="give clip_norm to all of them or to none") as error:
        opt.step()
    assert "\n" not in str(error.value)
    assert same(values(params), before)
    assert not any(own.get("step") for own in opt.state.values())


@pytest.mark.parametrize("name", ["clip_norm", "clip_tensor_norm", "clip_value"])
@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan, "1", True, [1.0]], ids=str)
def test_a_limit_that_is_none_gets_one_clear_line(name, value):
    with pytest.raises(ValueError, match=f"^sgd: {name}=") as error:
        thalweg.SGD(weights(), **{name: value})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, "0.9", True], ids=str)
def test_an_average_out_of_range_gets_one_clear_line(value):
    with pytest.raises(ValueError, match=r"^sgd: average="):
        thalweg.SGD(weights(), average=value)


def test_clipping_turned_on_and_off_between_steps_counts_from_the_next():
    for engine in ENGINES:
        p = Parameter(torch.zeros(1))
        opt = thalweg.SGD([p], lr=1.0, engine=engine)
        for limit, expected in ((None, -2.0), (1.0, -3.0), (None, -5.0)):
            opt.param_groups[0]["clip_norm"] = limit
            p.grad = torch.full((1,), 2.0)
            opt.step()
            assert math.isclose(p.item(), expected, rel_tol=1e-5)


def test_a_limit_may_be_a_schedule():
    p = Parameter(torch.zeros(1))
    opt = thalweg.SGD([p], lr=1.0, clip_norm=thalweg.schedules.ramp(1.0, 0.5, steps=1))
    for _ in range(2):
        p.grad = torch.full((1,), 2.0)
        opt.step()
    assert math.isclose(p.item(), -1.5, rel_tol=1e-5)


def test_a_parameter_given_twice_is_clipped_and_stepped_twice():
    p = Parameter(torch.zeros(1, dtype=torch.float64))
    with pytest.warns(UserWarning, match="duplicate parameters"):
        opt = thalweg.SGD([p, p], lr=1.0, momentum=0.5, clip_norm=1.0)
    for _ in range(2):
        p.grad = torch.full((1,), 0.5, dtype=torch.float64)
        opt.step()
    assert opt.state[p]["step"] == 4
    assert math.isclose(p.item(), -0.5 * (1 + 1.5 + 1.75 + 1.875), rel_tol=1e-6)


def test_empty_tensors_and_missing_gradients_are_no_obstacle():
    params = [Parameter(torch.zeros(0)), Parameter(torch.zeros(2)), Parameter(torch.zeros(3))]
    for engine in ENGINES:
        opt = thalweg.SGD(
            params, lr=1.0, clip_norm=1.0, clip_tensor_norm=1.0, watch=True, engine=engine
        )
        params[0].grad, params[1].grad = torch.zeros(0), torch.ones(2)
        opt.step()
        assert math.isclose(opt.last.gradient_norm, math.sqrt(2), rel_tol=1e-6)
    assert params[2].eq(0).all()


# Averaging.


@pytest.mark.parametrize("engine", ENGINES)
def test_the_average_is_torch_s_own(engine):
    model = torch.nn.Linear(4, 3).double()
    params = list(model.parameters())
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    average.update_parameters(model)  # torch's begins where it is first told
    opt = thalweg.AdamW(params, lr=0.1, average=0.9, engine=engine)
    for t in range(6):
        feed(params, t)
        opt.step()
        average.update_parameters(model)
    with opt.averaged():
        close(values(params), values(list(average.module.parameters())))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_average_of_16_bit_weights_is_of_what_they_would_be_unrounded(engine):
    p = Parameter(torch.ones(4, dtype=torch.bfloat16))
    opt = thalweg.SGD([p], lr=1e-4, average=0.5, engine=engine)
    p.grad = torch.ones_like(p)
    opt.step()
    assert p.eq(1).all()
    torch.testing.assert_close(opt.state[p]["average"], torch.full((4,), 1 - 0.5e-4))


# Clearing.


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_gradients_are_cleared_in_place(engine, dtype):
    params, plain = weights(dtype), weights(dtype)
    opt = thalweg.AdamW(params, lr=0.1, clear_grads=True, engine=engine)
    feed(params, 0)
    grads = [p.grad for p in params]
    opt.step()
    assert all(p.grad is g and g.eq(0).all() for p, g in zip(params, grads, strict=True))
    assert same(values(params), walk(thalweg.AdamW(plain, lr=0.1, engine=engine), plain, 1))


@pytest.mark.parametrize("engine", ENGINES)
def test_autograd_is_told_that_a_gradient_was_cleared(engine):
    p = Parameter(torch.ones(3))
    opt = thalweg.SGD([p], lr=0.1, clear_grads=True, engine=engine)
    p.grad = torch.ones(3)
    before = p.grad._version
    opt.step()
    assert p.grad._version > before


@pytest.mark.parametrize("engine", ENGINES)
def test_the_gradients_of_a_skipped_step_are_cleared_too(engine):
    # Or the next backward would add to infinity, and no step would ever be taken again.
    p = Parameter(torch.ones(3))
    opt = thalweg.SGD([p], lr=0.1, clip_norm=1.0, clear_grads=True, engine=engine)
    p.grad = torch.full((3,), math.inf)
    opt.step()
    assert not opt.last.applied
    assert p.grad.eq(0).all()


def test_a_gradient_that_the_scaler_found_infinite_is_cleared_too():
    p = Parameter(torch.ones(3))
    opt = thalweg.SGD([p], lr=0.1, clear_grads=True, fused=True)
    p.grad = torch.full((3,), math.inf)
    opt.grad_scale, opt.found_inf = torch.tensor([8.0]), torch.tensor(1.0)
    opt.step()
    assert p.eq(1).all()
    assert p.grad.eq(0).all()


# What the last step did.


@pytest.mark.parametrize("engine", ENGINES)
def test_last_tells_what_a_step_did(engine):
    params = weights()
    opt = thalweg.SGD([{"params": params[:2]}, {"params": params[2:], "lr": 0.5}], lr=0.1)
    opt = thalweg.SGD(
        [{"params": params[:2]}, {"params": params[2:], "lr": 0.5}],
        lr=0.1,
        clip_norm=0.5,
        engine=engine,
    )
    assert (opt.last.applied, opt.last.why) == (False, "no step was taken yet")
    feed(params, 0)
    norm = math.sqrt(sum(float(p.grad.square().sum()) for p in params))
    opt.step()
    assert opt.last.applied
    assert opt.last.why == ""
    assert opt.last.lr == (0.1, 0.5)
    assert math.isclose(opt.last.gradient_norm, norm, rel_tol=1e-12)
    assert math.isclose(opt.last.clip_factor, 0.5 / (norm + 1e-6), rel_tol=1e-12)
    assert opt.last.stayed is None
    params[2].grad = None
    opt.step()
    assert opt.last.lr == (0.1, None)


def test_last_tells_the_rate_that_the_rule_had():
    p = Parameter(torch.ones(3))
    ramp = thalweg.schedules.ramp(1.0, 0.0, steps=4)
    opt = thalweg.SGD([{"params": [p], "lr_factor": 0.5}], lr=ramp)
    for expected in (0.5, 0.375, 0.25):
        p.grad = torch.ones(3)
        opt.step()
        assert math.isclose(opt.last.lr[0], expected)


def test_last_says_that_the_scaler_found_an_infinite_gradient():
    p = Parameter(torch.ones(3))
    opt = thalweg.SGD([p], fused=True)
    p.grad = torch.ones(3)
    opt.grad_scale, opt.found_inf = torch.tensor([8.0]), torch.tensor(1.0)
    opt.step()
    assert (opt.last.applied, opt.last.why) == (False, "the GradScaler found an infinite gradient")


def test_without_gradients_nothing_is_applied():
    opt = thalweg.SGD(weights())
    opt.step()
    assert not opt.last.applied


@pytest.mark.parametrize("engine", ENGINES)
def test_a_watch_counts_the_weights_that_stayed(engine):
    p = Parameter(torch.tensor([1.0, 1.0, 1e-9, 2.0, 5.0]))
    opt = thalweg.SGD([p], lr=1e-10, watch=True, engine=engine)
    p.grad = torch.tensor([1.0, -1.0, 1.0, 3.0, 0.0])
    opt.step()
    assert opt.last.stayed == 3 / 4
    assert math.isclose(opt.last.gradient_norm, math.sqrt(12), rel_tol=1e-9)
    assert opt.last.clip_factor is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_watch_counts_over_all_groups(engine, dtype):
    params = weights(dtype, ((300,), (20, 30), ()))
    groups = [{"params": params[:1]}, {"params": params[1:]}]
    opt = thalweg.SGD(groups, lr=1e-3, watch=True, engine=engine)
    before = values(params)
    feed(params, 0)
    opt.step()
    stayed = sum(int((a == b).sum()) for a, b in zip(before, values(params), strict=True))
    assert opt.last.stayed == stayed / 901
    norm = math.sqrt(sum(float(p.grad.double().square().sum()) for p in params))
    assert math.isclose(opt.last.gradient_norm, norm, rel_tol=1e-9)


def test_a_watch_sees_the_unscaled_gradient():
    p = Parameter(torch.ones(4))
    opt = thalweg.SGD([p], watch=True, fused=True)
    p.grad = torch.full((4,), 8.0)
    opt.grad_scale, opt.found_inf = torch.tensor([8.0]), torch.tensor(0.0)
    opt.step()
    assert math.isclose(opt.last.gradient_norm, 2.0)


def test_complex_gradients_are_watched_and_clipped_by_their_length():
    p = Parameter(torch.zeros(1, dtype=torch.complex64))
    opt = thalweg.SGD([p], lr=1.0, watch=True, clip_norm=1.0)
    p.grad = torch.tensor([3 + 4j])
    opt.step()
    assert math.isclose(opt.last.gradient_norm, 5.0, rel_tol=1e-6)
    assert math.isclose(abs(p.item()), 1.0, rel_tol=1e-5)
    opt.param_groups[0]["clip_norm"] = None
    opt.step()
    assert math.isclose(opt.last.gradient_norm, 5.0, rel_tol=1e-6)


def test_a_gradient_is_let_go_when_a_step_is_refused():
    import gc
    import weakref

    p = Parameter(torch.ones(3))
    opt = thalweg.SGD([p], lr=0.1)
    p.grad = torch.ones(3)
    opt.step()
    opt.param_groups[0]["lr"] = thalweg.schedules.ramp(1.0, 0.0, steps=4)
    with pytest.raises(ValueError, match="is a schedule"):
        opt.step()
    storage = weakref.ref(p.grad.untyped_storage())
    before = p.grad._use_count() if hasattr(p.grad, "_use_count") else None
    p.grad = None
    gc.collect()
    assert storage() is None or before is None


def test_the_plan_says_when_sums_make_it_more_than_one_trip():
    one, two = (thalweg.AdamW(weights(), clip_norm=norm).plan() for norm in (None, 1.0))
    assert "one trip through memory" in str(one)
    assert "2 trips through memory" in str(two)
    assert two.traffic > one.traffic
    assert "3 trips" in str(thalweg.LAMB(weights(), clip_norm=1.0).plan())
