"""State dicts go both ways between torch.optim and thalweg, and resuming changes no bit."""

import copy
import io

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.optim.problem import (
    NAMES,
    TWINS,
    decaying,
    feed,
    forms,
    kind,
    same,
    tensors_of,
    twin,
    values,
    walk,
    weights,
    wide,
)
from thalweg.rules.kinds import Rate, Zeros


def through_disk(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def moved(opt, make, params, **settings):
    other = make(params, **settings)
    other.load_state_dict(through_disk(opt.state_dict()))
    return other


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("rich", [False, True], ids=["plain", "rich"])
def test_a_run_moves_from_torch_to_us_and_back(name, rich):
    flags = {"lr": 0.01, **decaying(name, 0.1), **(forms(name) if rich else {})}
    alone, both = weights(), weights()
    with wide():
        expected = walk(twin(name)(alone, foreach=False, **flags), alone, 21)
        theirs = twin(name)(both, foreach=False, **flags)
        walk(theirs, both, 7)
        ours = moved(theirs, kind(name), both, **({"engine": "eager"} if rich else {}))
        walk(ours, both, range(7, 14))
        again = moved(ours, twin(name), both, foreach=False)
        found = walk(again, both, range(14, 21))
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(name, dtype):
    flags = forms(name) if dtype == torch.float32 else {}
    engine = "eager" if dtype == torch.float32 else "auto"
    alone, both = weights(dtype), weights(dtype)
    one, two = (kind(name)(p, lr=0.01, engine=engine, **flags) for p in (alone, both))
    expected = walk(one, alone, 6)
    for t in range(6):
        walk(two, both, range(t, t + 1))
        two = moved(two, kind(name), both, engine=engine, **flags)
    assert same(values(both), expected)
    assert same(tensors_of(two), tensors_of(one))


@pytest.mark.parametrize("copied", [through_disk, copy.deepcopy], ids=["disk", "copy"])
def test_a_run_of_more_than_256_steps_is_taken_up_again(copied):
    # CPython has one object for each number up to 256; a loaded 300 is another in every state.
    params = weights()
    opt = thalweg.Adam(params)
    walk(opt, params, 300)
    other = thalweg.Adam(params)
    other.load_state_dict(copied(opt.state_dict()))
    walk(other, params, 1)
    assert {state["step"] for state in other.state.values()} == {301}


@pytest.mark.parametrize("name", TWINS)
def test_the_layout_is_torch_s(name):
    ours, theirs = weights(), weights()
    mine, other = kind(name)(ours, **forms(name)), twin(name)(theirs, **forms(name))
    walk(mine, ours, 2), walk(other, theirs, 2)
    mine, other = mine.state_dict(), other.state_dict()
    assert mine.keys() == other.keys()
    assert list(mine["state"]) == [0, 1, 2]
    own = set() if name != "sgd" else {"step"}
    assert mine["state"][0].keys() - own == other["state"][0].keys()
    assert mine["param_groups"][0]["params"] == [0, 1, 2]


@pytest.mark.parametrize("name", NAMES)
def test_values_are_tensors_numbers_and_dicts(name):
    params = weights()
    opt = kind(name)(params, lr=thalweg.schedules.cosine(0.1, steps=9))
    walk(opt, params, 2)

    def plain(value):
        if isinstance(value, dict):
            return all(map(plain, value.values()))
        if isinstance(value, list | tuple):
            return all(map(plain, value))
        return value is None or isinstance(value, torch.Tensor | int | float | str)

    state = opt.state_dict()
    assert plain(state)
    assert all(
        plain(v) and isinstance(v, torch.Tensor | int | float | dict)
        for own in state["state"].values()
        for v in own.values()
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_optimizer_loads_its_own_dict(name):
    params = weights()
    opt = kind(name)(params)
    opt.load_state_dict(copy.deepcopy(opt.state_dict()))
    walk(opt, params, 1)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_step_counts_to_three_hundred_in_half_precision(dtype):
    p = Parameter(torch.ones(2, dtype=dtype))
    opt = thalweg.Adam([p], lr=1e-4, engine="eager")
    walk(opt, [p], 300)
    opt.load_state_dict(through_disk(opt.state_dict()))
    assert opt.state_dict()["state"][0]["step"].item() == 300
    assert opt.state[p]["step"] == 300


def test_a_step_beyond_float32_s_integers_is_written_exactly():
    p = Parameter(torch.ones(1))
    opt = thalweg.SGD([p], momentum=0.9)
    walk(opt, [p], 1)
    for count in (2**24, 2**24 + 1, 2**40 + 1):
        state = opt.state_dict()
        state["state"][0]["step"] = torch.tensor(float(count), dtype=torch.float64)
        opt.load_state_dict(state)
        assert opt.state_dict()["state"][0]["step"].item() == count


def test_the_step_is_written_as_torch_s_on_the_cpu():
    params = weights(torch.bfloat16)
    opt = thalweg.Adam(params)
    walk(opt, params, 1)
    step = opt.state_dict()["state"][0]["step"]
    assert (step.dtype, step.shape, step.device.type) == (torch.float32, (), "cpu")


def test_the_step_lies_on_the_cpu_whatever_the_default_device():
    params = weights()
    opt = thalweg.Adam(params)
    walk(opt, params, 1)
    with torch.device("meta"):
        assert opt.state_dict()["state"][0]["step"].device.type == "cpu"


def test_what_is_loaded_shares_no_memory_with_the_argument():
    ours, theirs = weights(), weights()
    one, two = thalweg.Adam(ours), thalweg.Adam(theirs)
    walk(one, ours, 2)
    state = one.state_dict()
    before = copy.deepcopy(state)
    two.load_state_dict(state)
    walk(two, theirs, range(2, 4))
    assert same(
        [v for own in state["state"].values() for v in own.values()],
        [v for own in before["state"].values() for v in own.values()],
    )
    assert state["param_groups"] == before["param_groups"]


def test_a_state_dict_shares_memory_with_the_optimizer_as_in_torch():
    params = weights()
    opt = thalweg.Adam(params)
    walk(opt, params, 1)
    assert opt.state_dict()["state"][0]["exp_avg"] is opt.state[params[0]]["exp_avg"]


def test_names_find_their_parameters_in_another_order():
    a, b = weights(shapes=[(3,), (3,)])
    one = thalweg.Adam([("a", a), ("b", b)])
    walk(one, [a, b], 2)
    two = thalweg.Adam([("b", b), ("a", a)])
    two.load_state_dict(one.state_dict())
    assert torch.equal(two.state[a]["exp_avg"], one.state[a]["exp_avg"])
    assert torch.equal(two.state[b]["exp_avg"], one.state[b]["exp_avg"])
    assert two.param_groups[0]["param_names"] == ["b", "a"]


def test_an_old_dict_lacks_keys_and_a_new_one_has_more():
    params = weights()
    opt = thalweg.Adam(params)
    walk(opt, params, 1)
    state = copy.deepcopy(opt.state_dict())
    for key in ("foreach", "fused", "maximize", "amsgrad", "decoupled_weight_decay"):
        del state["param_groups"][0][key]
    state["param_groups"][0]["lr_scale"] = 0.5
    opt.load_state_dict(state)
    walk(opt, params, 1)
    assert opt.param_groups[0]["lr_scale"] == 0.5
    assert opt.param_groups[0]["amsgrad"] is False


def test_hyper_parameters_come_with_the_dict():
    one, two = thalweg.Adam(weights(), lr=0.5, betas=(0.5, 0.6)), thalweg.Adam(weights())
    two.load_state_dict(one.state_dict())
    assert (two.param_groups[0]["lr"], two.param_groups[0]["betas"]) == (0.5, (0.5, 0.6))


def test_the_engine_does_not():
    one, two = thalweg.Adam(weights(), engine="oracle"), thalweg.Adam(weights(), engine="eager")
    two.load_state_dict(one.state_dict())
    assert two.param_groups[0]["engine"] == "eager"


def test_a_pre_hook_may_mend_an_old_dict():
    params = weights()
    opt = thalweg.Adam(params)
    walk(opt, params, 1)
    old = copy.deepcopy(opt.state_dict())
    for own in old["state"].values():
        own["mean"] = own.pop("exp_avg")

    def mend(_, state):
        new = {
            k: {("exp_avg" if n == "mean" else n): v for n, v in own.items()}
            for k, own in state["state"].items()
        }
        return {**state, "state": new}

    fresh = thalweg.Adam(params)
    fresh.register_load_state_dict_pre_hook(mend)
    fresh.load_state_dict(old)
    assert torch.equal(fresh.state[params[0]]["exp_avg"], opt.state[params[0]]["exp_avg"])


def test_hooks_of_state_dict_see_what_is_written():
    params = weights()
    opt = thalweg.Adam(params)
    walk(opt, params, 1)
    seen = []
    opt.register_state_dict_pre_hook(lambda o: seen.append("pre"))
    opt.register_state_dict_post_hook(lambda o, state: seen.append(state["state"][0]["step"]))
    opt.state_dict()
    assert seen[0] == "pre"
    assert isinstance(seen[1], torch.Tensor)


def test_a_schedule_goes_through_a_checkpoint():
    schedule = thalweg.schedules.cosine(0.1, steps=10, warmup=2)
    alone, both = weights(), weights()
    one, two = thalweg.SGD(alone, lr=schedule), thalweg.SGD(both, lr=schedule)
    expected = walk(one, alone, 8)
    walk(two, both, 4)
    for lr in (schedule, 0.5):
        params = [Parameter(p.detach().clone()) for p in both]
        resumed = moved(two, thalweg.SGD, params, lr=lr)
        assert same(walk(resumed, params, range(4, 8)), expected)


def test_a_checkpoint_read_on_a_model_in_another_dtype_steps_on():
    model = torch.nn.Linear(3, 2)
    opt = thalweg.Adam(model.parameters(), lr=0.1)
    feed(list(model.parameters()), 0)
    opt.step()
    state = opt.state_dict()
    half = torch.nn.Linear(3, 2).bfloat16()
    other = thalweg.Adam(half.parameters(), engine="eager")
    other.load_state_dict(state)
    feed(list(half.parameters()), 1)
    other.step()
    assert other.state[half.weight]["step"] == 2


def test_float32_states_of_a_half_precision_model_survive_a_checkpoint():
    model = torch.nn.Linear(3, 2)
    opt = thalweg.Adam(model.parameters(), engine="eager")
    feed(list(model.parameters()), 0)
    opt.step()
    model.bfloat16()
    other = moved(opt, thalweg.Adam, model.parameters())
    for p in model.parameters():
        assert other.state[p]["exp_avg"].dtype == torch.float32
        assert torch.equal(other.state[p]["exp_avg"], opt.state[p]["exp_avg"])


def with_a_product(param, grad, inner_product: Zeros, *, step: int, lr: Rate = 0.1):
    inner_product = inner_product + param * grad
    return param - lr * inner_product, inner_product


def test_a_user_may_call_a_state_a_product():
    p = Parameter(torch.ones(2))
    opt = thalweg.optimizer(with_a_product)([p])
    p.grad = torch.ones(2)
    opt.step()
    other = thalweg.optimizer(with_a_product)([p])
    other.load_state_dict(opt.state_dict())
    assert torch.equal(other.state[p]["inner_product"], opt.state[p]["inner_product"])
