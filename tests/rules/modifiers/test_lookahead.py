"""Lookahead goes k steps forward and a part of the way back."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.modifiers.walk import along_the_problem, assert_same, peer, slopes, starts, walked
from tests.rules.rival import steps_of
from thalweg.engines import cpu
from thalweg.engines.program import Program
from thalweg.engines.tape import record
from thalweg.rules.fading import Step

ENGINES = ["oracle", "eager", "cpu"]


def sgd_by_the_paper(steps, *, lr, k, alpha):
    """Algorithm 1 of Zhang et al. 2019 with SGD inside, in NumPy."""
    fast, slow = starts(), starts()
    for t, grads in enumerate(slopes(steps), start=1):
        for i, g in enumerate(grads):
            fast[i] = fast[i] - lr * g
            if t % k == 0:
                slow[i] = slow[i] + alpha * (fast[i] - slow[i])
                fast[i] = slow[i].copy()
    return fast


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("k", "alpha"), [(5, 0.5), (3, 0.8), (1, 0.25)])
def test_it_follows_its_paper(k, alpha, engine):
    rule = thalweg.lookahead("sgd", la_steps=k, la_alpha=alpha)
    expected = sgd_by_the_paper(32, lr=0.01, k=k, alpha=alpha)
    assert_same(walked(rule, 32, engine=engine, lr=0.01), expected, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_it_goes_where_pytorch_optimizer_goes(engine):
    given, weights = peer("pytorch_optimizer", "lookahead")
    found = along_the_problem(thalweg.lookahead("sgd"), engine, **given)
    np.testing.assert_allclose(found, weights, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_way_back_leads_to_where_it_started(engine):
    # A copy made at the first way back, as timm's, is where the weights are: no way back at all.
    x = Parameter(torch.full((1,), 8.0, dtype=torch.float64))
    opt = thalweg.optimizer(thalweg.lookahead("sgd", la_steps=2))([x], lr=1.0, engine=engine)
    moved = [step.item() for step in steps_of(opt, x, [1.0, 1.0, 1.0, 1.0])]
    assert moved == [-1.0, 0.0, -1.0, 0.0]
    assert opt.state[x]["slow"].item() == x.item() == 6.0


@pytest.mark.parametrize("engine", ENGINES)
def test_with_alpha_1_it_is_the_rule_bit_for_bit(engine):
    plain = walked("adamw", 20, engine=engine, lr=0.1)
    found = walked(thalweg.lookahead("adamw", la_alpha=1.0), 20, engine=engine, lr=0.1)
    assert all(torch.equal(a, b) for a, b in zip(plain, found, strict=True))


def test_between_the_ways_back_slow_weights_rest():
    x = Parameter(torch.randn(50))
    before = x.detach().clone()
    opt = thalweg.optimizer(thalweg.lookahead("adam"))([x], lr=0.1)
    steps_of(opt, x, [1.0, -2.0, 0.5, 3.0])
    assert torch.equal(opt.state[x]["slow"], before)


def test_the_rule_s_velocity_goes_on_across_the_way_back():
    x, y = Parameter(torch.zeros(1)), Parameter(torch.zeros(1))
    plain = thalweg.SGD([x], momentum=0.9)
    opt = thalweg.optimizer(thalweg.lookahead("sgd"))([y], momentum=0.9)
    for each, param in ((plain, x), (opt, y)):
        steps_of(each, param, [1.0, 2.0, -1.0, 0.5, 0.25, 1.0])
    assert torch.equal(plain.state[x]["momentum_buffer"], opt.state[y]["momentum_buffer"])


def test_one_recording_stands_for_all_steps():
    rule = thalweg.lookahead("sgd").rule
    numbers, fixed = cpu.sort_out({**rule.defaults, "momentum": 0.9, "step": Step(4)})
    recording = record(rule.function, [True] * 4, numbers, **fixed)
    program, inputs = Program(recording, np.array([100])), [*numbers.values()][:-1]
    assert recording.lasting
    assert recording.depth == 1
    assert all(program.start([*inputs, step]) for step in range(2, 50))


def test_slow_weights_of_bfloat16_are_kept_in_float32():
    x = Parameter(torch.ones(4, dtype=torch.bfloat16))
    opt = thalweg.optimizer(thalweg.lookahead("sgd"))([x])
    steps_of(opt, x, [1.0])
    assert opt.state[x]["slow"].dtype == torch.float32


def test_a_sparse_gradient_is_refused_for_rows_that_it_leaves_out_go_back_too():
    x = Parameter(torch.zeros(3, 2))
    x.grad = torch.sparse_coo_tensor([[1]], [[1.0, 2.0]], (3, 2), check_invariants=True)
    with pytest.raises(RuntimeError, match=r"^lookahead_sgd: a sparse gradient"):
        thalweg.optimizer(thalweg.lookahead("sgd"))([x]).step()


REFUSED = [
    ({"la_steps": 2.5}, "^lookahead: la_steps counts steps"),
    ({"la_steps": 0}, r"^lookahead: la_steps=0 is outside \[1, inf\); 5 is usual"),
    ({"la_alpha": 1.5}, r"^lookahead: la_alpha=1.5 is outside \[0, 1\]"),
]


@pytest.mark.parametrize(("settings", "line"), REFUSED)
def test_numbers_that_mean_nothing_are_refused(settings, line):
    with pytest.raises(ValueError, match=line):
        thalweg.lookahead("sgd", **settings)
    with pytest.raises(ValueError, match=line.replace("lookahead", "lookahead_sgd")):
        thalweg.optimizer(thalweg.lookahead("sgd"))([Parameter(torch.zeros(1))], **settings)


def test_weights_kept_inside_are_refused():
    for inner in (thalweg.averaged("sgd"), thalweg.lookahead("sgd"), "schedulefree_sgd"):
        with pytest.raises(TypeError, match=r"^lookahead: \w+ (keeps weights in|has)"):
            thalweg.lookahead(inner)
