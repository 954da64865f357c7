"""States in few bits: asked for by name, kept through every copy, right on average."""

import copy
import io
import math
import pickle

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.optim.problem import NAMES, feed, kind, same, tensors_of, values, walk, weights

SHAPES = ((300,), (20, 30), ())
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int8": torch.int8}


def matrices(dtype=torch.float32):
    return weights(dtype, SHAPES)


def own(opt, place=0):
    return opt.state[opt.param_groups[0]["params"][place]]


def dtypes(opt):
    found = own(opt)
    return {n: v.dtype for n, v in found.items() if isinstance(v, torch.Tensor)}


@pytest.mark.parametrize("name", DTYPES)
def test_a_state_dtype_is_said_as_a_string_or_as_torch_says_it(name):
    ends = []
    for wanted in (name, DTYPES[name]):
        params = matrices()
        opt = thalweg.SGD(params, lr=0.1, momentum=0.9, state_dtype=wanted)
        ends.append(walk(opt, params, 3))
        assert own(opt)["momentum_buffer"].dtype == DTYPES[name]
    assert same(*ends)


def test_a_state_dtype_by_name_is_for_that_state():
    params = matrices()
    opt = thalweg.AdamW(params, state_dtype={"exp_avg": "bfloat16", "exp_avg_sq": torch.int8})
    walk(opt, params, 1)
    assert dtypes(opt) == {
        "exp_avg": torch.bfloat16,
        "exp_avg_sq": torch.uint8,
        "exp_avg_sq_scale": torch.float32,
    }


def test_groups_may_store_otherwise():
    one, two = matrices()[:2]
    opt = thalweg.AdamW([{"params": [one]}, {"params": [two], "state_dtype": "int8"}])
    walk(opt, [one, two], 2)
    assert opt.state[one]["exp_avg"].dtype == torch.float32
    assert opt.state[two]["exp_avg"].dtype == torch.int8


def test_weights_of_another_kind_are_kept_in_float32_unless_named():
    params = matrices(torch.bfloat16)
    opt = thalweg.SGD(params, average=0.9, momentum=0.9, state_dtype="int8")
    walk(opt, params, 1)
    assert dtypes(opt)["average"] == torch.float32
    opt = thalweg.SGD(params, average=0.9, state_dtype={"average": "bfloat16"})
    walk(opt, params, 1)
    assert dtypes(opt)["average"] == torch.bfloat16


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"state_dtype": "int4"}, "state_dtype='int4' is not one of float32, bfloat16, int8"),
        ({"state_dtype": torch.float16}, "state_dtype=torch.float16 is not one of"),
        ({"state_dtype": 8}, "state_dtype=8 is not one of"),
        ({"state_dtype": {"exp_avg": "int4"}}, "state_dtype='int4' is not one of"),
        ({"state_dtype": {"momentum": "int8"}}, "state_dtype names 'momentum', which adamw does"),
        ({"param_rounding": "up"}, "param_rounding='up' is not one of nearest, stochastic, kahan"),
        ({"param_rounding": None}, "param_rounding=None is not one of"),
    ],
    ids=str,
)
def test_what_is_no_storage_gets_one_clear_line(settings, line):
    with pytest.raises(ValueError, match=line) as error:
        thalweg.AdamW(matrices(), **settings)
    assert "\n" not in str(error.value)


def test_stochastic_rounding_of_float16_is_refused_when_the_optimizer_is_made():
    with pytest.raises(ValueError, match=r"stochastic.*bfloat16.*kahan"):
        thalweg.SGD(matrices(torch.float16), param_rounding="stochastic")


# Through every copy.

STORAGES = [
    pytest.param(torch.float32, {"state_dtype": "int8"}, id="int8"),
    pytest.param(torch.float32, {"state_dtype": "bfloat16"}, id="bfloat16"),
    pytest.param(
        torch.bfloat16, {"state_dtype": {"exp_avg": "int8"}, "param_rounding": "kahan"}, id="kahan"
    ),
    pytest.param(
        torch.bfloat16, {"state_dtype": "float32", "param_rounding": "stochastic"}, id="stochastic"
    ),
]


def through_disk(opt, params, settings):
    file = io.BytesIO()
    torch.save(opt.state_dict(), file)
    file.seek(0)
    other = thalweg.AdamW(params, lr=0.01, **settings)
    other.load_state_dict(torch.load(file, weights_only=True))
    return other, params


def deep(opt, params, settings):
    opt, params = copy.deepcopy((opt, params))
    return opt, params


def pickled(opt, params, settings):
    opt = pickle.loads(pickle.dumps(opt))
    return opt, opt.param_groups[0]["params"]


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("way", [through_disk, deep, pickled])
@pytest.mark.parametrize(("dtype", "settings"), STORAGES)
def test_a_run_goes_on_bit_for_bit_after_a_copy(way, dtype, settings, engine):
    settings = {**settings, "engine": engine}
    plain, moved = matrices(dtype), matrices(dtype)
    one, two = (thalweg.AdamW(p, lr=0.01, **settings) for p in (plain, moved))
    walk(one, plain, 6)
    walk(two, moved, 3)
    before = dtypes(two)
    two, moved = way(two, moved, settings)
    assert dtypes(two) == before
    walk(two, moved, range(3, 6))
    assert dtypes(two) == before
    assert same(values(plain), values(moved))
    assert same(tensors_of(one), tensors_of(two))


def test_a_state_dict_shares_no_memory_with_what_is_loaded():
    params = matrices()
    opt = thalweg.AdamW(params, state_dtype="int8")
    walk(opt, params, 1)
    saved = opt.state_dict()
    other = thalweg.AdamW(matrices(), state_dtype="int8")
    other.load_state_dict(saved)
    pointers = {v.data_ptr() for v in own(opt).values() if isinstance(v, torch.Tensor)}
    assert not pointers & {v.data_ptr() for v in own(other).values() if torch.is_tensor(v)}


@pytest.mark.parametrize("theirs", [thalweg.AdamW, torch.optim.AdamW], ids=["ours", "torch"])
def test_float32_state_goes_on_in_an_int8_optimizer_and_back(theirs):
    params = matrices()
    opt = theirs(params, lr=0.01)
    walk(opt, params, 4)
    exact = {n: own(opt)[n].clone() for n in ("exp_avg", "exp_avg_sq")}
    narrow = thalweg.AdamW(params, lr=0.01, state_dtype="int8")
    narrow.load_state_dict(opt.state_dict())
    walk(narrow, params, range(4, 5))
    assert own(narrow)["exp_avg"].dtype == torch.int8
    assert own(narrow)["exp_avg_sq"].dtype == torch.uint8
    assert own(narrow)["step"] == 5
    wide = thalweg.AdamW(params, lr=0.01, state_dtype="float32")
    wide.load_state_dict(narrow.state_dict())
    walk(wide, params, range(5, 6))
    assert dtypes(wide) == dict.fromkeys(exact, torch.float32)
    reference = matrices()
    walk(torch.optim.AdamW(reference, lr=0.01), reference, 6)
    for one, other in zip(params, reference, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=5e-3)


def test_without_a_wish_states_stay_as_they_were_saved():
    params = matrices()
    opt = thalweg.AdamW(params, state_dtype="int8")
    walk(opt, params, 2)
    other = thalweg.AdamW(params)
    other.load_state_dict(opt.state_dict())
    walk(other, params, range(2, 3))
    assert own(other)["exp_avg"].dtype == torch.int8


def test_a_storage_chosen_between_steps_counts_from_the_next():
    params = matrices()
    opt = thalweg.AdamW(params)
    for wanted, expected in (("int8", torch.int8), ("bfloat16", torch.bfloat16)):
        walk(opt, params, 1)
        opt.param_groups[0]["state_dtype"] = wanted
        walk(opt, params, 1)
        assert own(opt)["exp_avg"].dtype == expected
    assert not [name for name in own(opt) if name.endswith("_scale")]


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda own: own.pop("exp_avg_scale"), "lacks exp_avg_scale"),
        (lambda own: own.update(exp_avg_scale=torch.ones(1)), "'exp_avg_scale' has the shape"),
    ],
    ids=["no scale", "short scale"],
)
def test_codes_without_their_scales_are_refused(spoil, line):
    params = matrices()
    opt = thalweg.AdamW(params, state_dtype="int8")
    walk(opt, params, 1)
    saved = opt.state_dict()
    spoil(saved["state"][0])
    with pytest.raises(ValueError, match=line):
        thalweg.AdamW(matrices(), state_dtype="int8").load_state_dict(saved)


def test_a_rounding_error_is_of_the_parameter_as_it_is_now():
    params = matrices(torch.bfloat16)
    opt = thalweg.SGD(params, lr=0.1, param_rounding="kahan")
    walk(opt, params, 2)
    for p in params:
        p.grad = None
        p.data = p.data.half()
    walk(opt, params, range(2, 3))
    assert own(opt)["param_rest"].dtype == torch.float16
    for p in params:
        assert p.isfinite().all()


def test_a_rounding_error_lies_as_its_parameter_lies():
    p = Parameter(torch.zeros(30, 40, dtype=torch.bfloat16))
    opt = thalweg.SGD([p], lr=1.0, param_rounding="kahan")
    p.grad = torch.full_like(p, 0.7)
    opt.step()
    p.data = p.data.t().contiguous().t()
    rest = opt.state[p]["param_rest"]
    rest[:] = torch.arange(1200).view(30, 40)
    expected = p.detach().float() + rest.float() - 0.7
    p.grad = torch.full_like(p, 0.7)
    opt.step()
    found = p.detach().float() + opt.state[p]["param_rest"].float()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


# Right on average.


def decayed(rounding, engine, steps=1000, size=20_000):
    p = Parameter(torch.ones(size, dtype=torch.bfloat16))
    opt = thalweg.AdamW(
        [p], lr=1e-3, weight_decay=1e-2, param_rounding=rounding, engine=engine, watch=True
    )
    for _ in range(steps):
        p.grad = torch.zeros_like(p)
        opt.step()
    rest = opt.state[p].get("param_rest", torch.zeros(()))
    return float((p.detach().double() + rest.double()).mean()), opt


def test_decay_that_is_rounded_away_moves_nothing():
    assert decayed("nearest", "cpu", steps=20)[0] == 1.0


def test_decay_is_right_on_average_with_stochastic_rounding():
    # The weights hop between 1 and 1 - 2⁻⁸: a thousand steps of a chance of 1/390.
    found, expected = decayed("stochastic", "cpu")[0], (1 - 1e-5) ** 1000
    assert abs(found - expected) < 5 * 2**-8 * math.sqrt(1000 / 390 / 20_000)


@pytest.mark.parametrize("engine", ["cpu", "eager"])
def test_decay_is_right_with_the_rounding_error_beside(engine):
    # Two bfloat16 hold 16 bits or so: 1e-5 is a step or two of what is beside a weight near 1.
    found, _ = decayed("kahan", engine, size=1000, steps=1000)
    assert abs(math.log(found) / (1000 * math.log1p(-1e-5)) - 1) < 0.1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("engine", ["cpu", "eager"])
def test_steps_too_small_for_a_weight_add_up_in_its_rounding_error(dtype, engine):
    p = Parameter(torch.ones(8, dtype=dtype))
    opt = thalweg.SGD([p], lr=1e-4, param_rounding="kahan", engine=engine)
    for _ in range(200):
        p.grad = torch.ones_like(p)
        opt.step()
    found = p.detach().double() + opt.state[p]["param_rest"].double()
    torch.testing.assert_close(found, torch.full_like(found, 0.98), rtol=1e-3, atol=0)


@pytest.mark.parametrize("engine", ["cpu", "eager"])
def test_a_weight_whose_rounding_error_moved_has_not_stayed(engine):
    p = Parameter(torch.ones(4, dtype=torch.bfloat16))
    opt = thalweg.SGD([p], lr=1e-4, param_rounding="kahan", watch=True, engine=engine)
    p.grad = torch.ones_like(p)
    opt.step()
    assert p.eq(1).all()
    assert opt.last.stayed == 0.0


def bytes_of(opt):
    return sum(t.numel() * t.element_size() for t in tensors_of(opt))


@pytest.mark.parametrize(("name", "share"), [("int8", 0.27), ("bfloat16", 0.5)])
def test_states_take_the_bytes_that_the_plan_says(name, share):
    found = []
    for wanted in (None, name):
        params = weights(torch.float32, ((1000, 100),))
        opt = thalweg.AdamW(params, state_dtype=wanted)
        planned = opt.plan().state_bytes
        walk(opt, params, 1)
        found.append(bytes_of(opt))
        assert abs(planned - found[-1]) <= 8
    assert found[1] <= share * found[0]


# Every rule.


@pytest.mark.parametrize("storage", ["bfloat16", "int8", "stochastic", "kahan"])
@pytest.mark.parametrize("name", NAMES)
def test_every_rule_runs_under_every_storage(name, storage):
    states = storage in ("bfloat16", "int8")
    settings = {"state_dtype": storage} if states else {"param_rounding": storage}
    dtype = torch.float32 if states else torch.bfloat16
    plain, few = matrices(torch.float32), matrices(dtype)
    exact = kind(name)(plain, engine="eager")
    opt = kind(name)(few, engine="eager", **settings)
    walk(exact, plain, 3), walk(opt, few, 3)
    for one, other in zip(plain, few, strict=True):
        assert other.isfinite().all()
        moved = float((one.detach() - other.detach().float()).abs().mean())
        start = float(one.detach().abs().mean())
        assert moved < 0.2 * start + 0.2


@pytest.mark.parametrize("name", ["adamw", "sgd", "lion", "lars"])
def test_engines_of_one_storage_are_one_step_apart_at_most(name):
    ends = []
    for engine in ("cpu", "eager"):
        params = matrices()
        opt = kind(name)(params, lr=0.01, engine=engine, state_dtype="int8")
        ends.append(walk(opt, params, 1))
    for one, other in zip(*ends, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_states_narrower_than_their_parameter_are_computed_with_in_its_arithmetic():
    def exact(engine):
        params = matrices(torch.float64)
        opt = thalweg.AdamW(params, lr=0.1, engine=engine, state_dtype="float32")
        return walk(opt, params, 5)

    expected = exact("oracle")
    for engine in ("cpu", "eager"):
        for one, other in zip(exact(engine), expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_a_gradient_that_comes_late_gets_its_states_in_few_bits_too():
    one, two = matrices()[:2]
    opt = thalweg.AdamW([one, two], state_dtype="int8")
    feed([one], 0)
    opt.step()
    feed([one, two], 1)
    opt.step()
    assert opt.state[two]["exp_avg"].dtype == torch.int8
    assert (opt.state[one]["step"], opt.state[two]["step"]) == (2, 1)
