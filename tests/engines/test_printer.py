"""A printed kernel is the rule again, line by line."""

import pytest

from thalweg.engines.cpu import record_rule
from thalweg.engines.layout import Layout, bytes_of, width
from thalweg.engines.printer import print_kernel, traffic
from thalweg.rules import find


def recorded(name, kinds, *, dtype="float32", **flags):
    """The recording of a rule, and its layout with states of these kinds, by name."""
    rule = find(name)
    settings = {n: flags.pop(n) for n in list(flags) if n in rule.hypers}
    hypers = {**rule.defaults, **settings}
    there = [slot.exists(hypers) for slot in rule.slots]
    recording = record_rule(rule, [True, True, *there], hypers)
    names = ("param", "grad", *(slot.name for slot in rule.slots))
    plain = (dtype, dtype, *(dtype if t else None for t in there))
    stored = tuple(kinds.get(n, k) for n, k in zip(names, plain, strict=True))
    return rule, recording, Layout(names, stored, **flags)


def printed(name, dtype="float32", kinds=None, **settings):
    rule, recording, layout = recorded(name, kinds or {}, dtype=dtype, **settings)
    return print_kernel(recording, layout, rule=rule.function, version="1.2.3")


def test_it_opens_with_the_rule_as_its_author_wrote_it():
    assert "#       exp_avg = ema(exp_avg, grad, beta1)" in printed("adam").splitlines()


def test_it_is_python():
    for name in ("sgd", "rmsprop", "lion"):
        compile(printed(name), name, "exec")


def test_what_the_rule_only_reads_is_not_written():
    assert "at_grad[i] =" not in printed("adamw")
    assert "at_param[i] =" in printed("adamw")


def test_a_state_that_is_not_there_takes_no_column():
    text = printed("rmsprop", centered=True)
    assert "momentum_buffer" not in text.split('"""')[2].split("import numpy")[1]
    assert "at_grad_avg = memory.elements_float32(tensors[3]" in text


@pytest.mark.parametrize(
    ("dtype", "load"),
    [
        ("float32", "x_grad = at_grad[i]"),
        ("float64", "x_grad = at_grad[i]"),
        ("bfloat16", "x_grad = memory.widen_bfloat16(at_grad[i])"),
        ("float16", "x_grad = memory.widen_float16(at_grad[i])"),
    ],
)
def test_storage_is_decided_at_load_and_store(dtype, load):
    text = printed("sgd", dtype)
    assert load in text
    assert ("np.float64(numbers[0])" in text) == (dtype == "float64")


def test_numbers_are_arguments():
    assert printed("sgd", lr=0.125) == printed("sgd", lr=0.5)
    assert "0.125" not in printed("sgd", lr=0.125).split("import numpy")[1]


def test_a_rule_with_a_reduction_is_two_kernels_and_the_first_writes_nothing():
    first, last = printed("lars").split("def piece1")
    assert "sum0 = arithmetic.squares(sum0" in first
    assert "[i] =" not in first
    assert "at_param[i] =" in last
    assert "sum0" not in last


@pytest.mark.parametrize("kind", ["bfloat16~", "int8", "root8"])
def test_what_rounds_at_random_draws_noise_and_nothing_else_does(kind):
    assert "noise.bits" in printed("adam", kinds={"exp_avg": kind})
    assert "noise.bits" not in printed("adam", kinds={"exp_avg": "bfloat16"})


def test_columns_leave_room_for_what_goes_beside():
    _, _, layout = recorded(
        "adamw", {"param": "bfloat16+", "exp_avg": "int8", "exp_avg_sq": "root8"}, amsgrad=True
    )
    assert [layout.column(place) for place in range(5)] == [0, 1, 2, 4, 6]
    assert [layout.beside(place) for place in (2, 3, 0)] == [3, 5, 7]


def test_widths_and_bytes_are_those_of_the_kinds():
    kinds = [None, "float32", "float16", "bfloat16~", "bfloat16+", "int8", "root8"]
    assert [width(kind) for kind in kinds] == [0, 1, 1, 1, 2, 2, 2]
    assert [bytes_of(kind) for kind in kinds] == [0, 4, 2, 2, 4, 1 + 4 / 256, 1 + 4 / 256]


def test_traffic_counts_every_load_and_store_of_every_pass():
    def moved(name, kinds=None, **settings):
        _, recording, layout = recorded(name, kinds or {}, **settings)
        return traffic(recording, layout)

    assert moved("sgd") == 4 * 3
    assert moved("adamw") == 4 * 7
    assert moved("adamw", {"exp_avg": "bfloat16~", "exp_avg_sq": "bfloat16~"}) == 4 * 3 + 2 * 4
    assert moved("sgd", clear=True) == 4 * 4
    assert moved("lars") == 4 * 2 + 4 * 5
