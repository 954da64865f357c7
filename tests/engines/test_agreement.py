"""Every rule, in every form, on every engine, does what the oracle does."""

import math

import pytest
import torch

import thalweg
from benchmarks.agreement import apart, distance, forms, tensors

RULES = [thalweg.rules.find(name) for name in thalweg.rules.names()]
FORMS = [
    pytest.param(rule, form, id="-".join([rule.name, *(f"{k}={v}" for k, v in form.items())]))
    for rule in RULES
    for form in forms(rule)
]
BOUND = {"float32": 4.0, "float64": 8.0, "bfloat16": 0.51, "float16": 0.51}
"""Ulps from the oracle: a few roundings in float32 (and in float64, where the oracle rounds as
well); one rounding where arithmetic is wider than storage."""


@pytest.mark.parametrize("engine", ["eager", "cpu"])
@pytest.mark.parametrize(("rule", "form"), FORMS)
def test_float32_is_within_4_ulp_of_the_oracle(rule, form, engine):
    assert distance(rule, engine, torch.float32, form) <= _bound(rule, "float32")


def _bound(rule, dtype):
    # Roots and quotients in a row, and averages or squares of all that.
    return 1.5 * BOUND[dtype] if rule.name in LONG else BOUND[dtype]


LONG = ("adadelta", "adopt", "came", "dadapt_adam", "lamb", "laprop", "lars", "rmsprop")


@pytest.mark.parametrize("engine", ["eager", "cpu"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_other_dtypes_are_as_near_as_their_arithmetic_allows(rule, dtype, engine):
    bound = _bound(rule, str(dtype).removeprefix("torch."))
    assert distance(rule, engine, dtype, {}, steps=2) <= bound


@pytest.mark.parametrize(("rule", "form"), FORMS)
def test_cpu_is_within_4_ulp_of_eager_after_one_float32_step(rule, form):
    assert apart(rule, form) <= 4


ODD = [0.0, -0.0, 1e-40, -1e-40, 1e-38, 1e38, -3e38, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_odd_gradients_end_alike_on_all_engines(rule):
    ended: dict[str, torch.Tensor] = {}
    for engine in ("oracle", "eager", "cpu"):
        param = torch.nn.Parameter(torch.ones(len(ODD)))
        optimizer = thalweg.build(rule.name, [param], engine=engine)
        for _ in range(2):
            param.grad = torch.tensor(ODD)
            optimizer.step()
        ended[engine] = param.detach()
    # Where squares overflow float32 the oracle, in float64, goes on; the two others agree.
    torch.testing.assert_close(ended["cpu"], ended["eager"], rtol=1e-6, atol=0, equal_nan=True)
    calm = [i for i, x in enumerate(ODD) if abs(x) < 1e18 and not 0 < abs(x) < 1e-30]
    torch.testing.assert_close(
        ended["cpu"][calm], ended["oracle"][calm], rtol=1e-6, atol=0, equal_nan=True
    )
    if rule.name not in ("dog", "dowg"):  # one rate for all: one NaN is everyone's
        assert ended["cpu"][calm].isfinite().all(), "a zero gradient breaks nothing"
    assert ended["cpu"][-1].isnan(), "a broken gradient shows"


@pytest.mark.parametrize("name", ["adamw", "lion"])
def test_results_do_not_depend_on_the_number_of_threads(name):
    def run(threads: int) -> list[torch.Tensor]:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            torch.manual_seed(3)
            params = [torch.nn.Parameter(torch.randn(n)) for n in (40_000, 7, 12_345, 1)]
            optimizer = thalweg.build(name, params)
            for _ in range(3):
                for param in params:
                    param.grad = torch.randn_like(param)
                optimizer.step()
        finally:
            torch.set_num_threads(before)
        return params

    for one, two in zip(run(1), run(2), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("engine", ["oracle", "eager", "cpu"])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_gradients_are_read_and_never_written(name, engine):
    params = tensors(thalweg.rules.find(name), torch.float32, (9,))
    before = params[0].grad.clone()
    thalweg.build(name, params, engine=engine, maximize=True, weight_decay=0.1).step()
    assert torch.equal(params[0].grad, before)
