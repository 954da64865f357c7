"""A printed kernel is the rule again, line by line."""

import pytest

from thalweg.engines.printer import print_kernel
from thalweg.engines.tape import record
from thalweg.rules import find


def printed(name, dtype="float32", **settings):
    rule = find(name)
    hypers = {**rule.defaults, **settings}
    there = [slot.exists(hypers) for slot in rule.slots]
    recording = record(rule.function, (True, True, *there), step=3, **hypers)
    names = ["param", "grad", *(slot.name for slot in rule.slots)]
    dtypes = [dtype, dtype, *(dtype if t else None for t in there)]
    return print_kernel(recording, names, dtypes, rule=rule.function, version="1.2.3")


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
    assert "at_grad_avg = memory.elements_float32(address[tensor, 3]" in text


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
    assert ("np.float64(number[0])" in text) == (dtype == "float64")


def test_numbers_are_arguments():
    assert printed("sgd", lr=0.125) == printed("sgd", lr=0.5)
    assert "0.125" not in printed("sgd", lr=0.125).split("import numpy")[1]
