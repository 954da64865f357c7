"""What a modifier gives is a rule: named, compared, pickled, saved and modified again as one."""

import copy
import inspect
import io
import pickle
from typing import Annotated

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import gradients, walk, weights
from thalweg import rules
from thalweg.engines import cpu
from thalweg.rules.kinds import Rate, Zeros, number
from thalweg.rules.modifiers import modifier
from thalweg.rules.modifiers.modifier import weights as kept_weights

ENGINES = ["oracle", "eager", "cpu"]
MADE = [
    thalweg.cautious("adamw"),
    thalweg.lookahead("sgd"),
    thalweg.averaged("nadam", 0.9),
    thalweg.decoupled("rmsprop"),
    thalweg.lookahead(thalweg.cautious("adamw"), la_steps=3),
    thalweg.averaged(thalweg.lookahead(thalweg.cautious(thalweg.decoupled("adam")))),
]
EACH = pytest.mark.parametrize("made", MADE, ids=repr)


@modifier
def counted(
    rule, param, grad, seen: Zeros, *, step: int, by: Rate = 1.0,
    so_far: Annotated[float, number(0.0)] = 0.0,
):  # fmt: skip
    """Counted: a state, a hyper-parameter and a number of the modifier's own."""
    return rule(param, grad), seen + by * grad, so_far + step


def drift(param, grad, *, lr: Rate = 0.1):
    """Drift: a rule that keeps nothing, counts nothing and returns the parameter alone."""
    return param - lr * grad


@EACH
def test_the_same_modifications_are_one_rule_and_one_class(made):
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert hash(again) == hash(made)
    assert thalweg.optimizer(again) is thalweg.optimizer(made)
    assert copy.deepcopy(made) == made


def test_what_is_said_and_what_is_left_at_its_default_are_the_same():
    plain = thalweg.lookahead("sgd")
    assert plain == thalweg.lookahead(rules.find("sgd"), la_steps=5)
    assert plain == thalweg.lookahead(rules.find("sgd").function, 5, 0.5)
    assert plain != thalweg.lookahead("sgd", la_steps=6)
    assert plain != thalweg.lookahead("sgdw")


def test_a_class_may_be_given_for_its_rule():
    assert thalweg.cautious(thalweg.AdamW) == thalweg.cautious("adamw")


def test_it_prints_as_it_was_made():
    assert repr(MADE[4]) == "lookahead(cautious(adamw), la_steps=3)"
    assert repr(MADE[0]) == "cautious(adamw)"
    assert repr(thalweg.cautious) == "cautious"
    assert str(inspect.signature(thalweg.averaged)) == "(rule, decay=0.999)"


def test_it_titles_itself():
    assert thalweg.optimizer(thalweg.cautious("adamw")).__name__ == "CautiousAdamW"
    assert thalweg.optimizer(thalweg.lookahead("sgd")).__name__ == "LookaheadSGD"
    assert rules.read(MADE[4]).name == "lookahead_cautious_adamw"


def test_it_keeps_what_the_rule_s_file_says():
    made, plain = thalweg.lookahead("rprop").rule, rules.find("rprop")
    assert (made.source, made.presets, made.tuples) == (plain.source, plain.presets, plain.tuples)
    assert made.demands[:2] == plain.demands
    assert list(made.hypers) == [*plain.hypers, "la_steps", "la_alpha"]
    assert [slot.name for slot in made.slots] == ["prev", "step_size", "slow"]
    opt = thalweg.optimizer(thalweg.cautious("adam"))([Parameter(torch.zeros(1))], dialect="keras")
    assert (opt.param_groups[0]["eps"], opt.param_groups[0]["scaled"]) == (1e-7, True)


def test_its_text_names_both_sources():
    doc = thalweg.optimizer(thalweg.cautious("adamw")).__doc__
    assert doc is not None
    assert "arXiv:2411.16085" in doc
    assert "arXiv:1711.05101" in doc
    assert "thalweg.CautiousAdamW" not in doc  # there is none


def test_a_read_rule_is_the_modified_rule_s_own():
    assert rules.read(MADE[0]) is MADE[0].rule
    assert MADE[0].rule.function == MADE[0]


@EACH
@pytest.mark.parametrize("engine", ["eager", "cpu"])
def test_engines_agree_with_the_oracle(made, engine):
    found = []
    for each in ("oracle", engine):
        params = weights()
        opt = thalweg.optimizer(made)(params, lr=0.01, weight_decay=0.1, engine=each)
        found.append(walk(opt, params, 25))
    for mine, other in zip(*found, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-12)


@EACH
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("way", ["pickle", "deepcopy", "state_dict"])
def test_a_walk_goes_on_after_a_copy(made, engine, way):
    params = weights()
    opt = thalweg.optimizer(made)(params, lr=0.01, engine=engine)
    walk(opt, params, 7)
    if way == "state_dict":
        file = io.BytesIO()
        torch.save(opt.state_dict(), file)
        file.seek(0)
        others = [Parameter(p.detach().clone()) for p in params]
        other = thalweg.optimizer(made)(others, engine=engine)
        other.load_state_dict(torch.load(file))
    else:
        copied = copy.deepcopy(opt) if way == "deepcopy" else pickle.loads(pickle.dumps(opt))
        other, others = copied, copied.param_groups[0]["params"]
    assert type(other) is type(opt)
    walk(opt, params, 6, seed=5)
    walk(other, others, 6, seed=5)
    assert all(torch.equal(a, b) for a, b in zip(params, others, strict=True))


@EACH
def test_the_plan_knows_it(made):
    params = weights()
    opt = thalweg.optimizer(made)(params)
    plan = opt.plan()
    assert made.rule.name in str(plan)
    assert {row.engine for row in plan.rows} == {"cpu"}
    walk(opt, params, 1)
    kept = [v for p in params for v in opt.state[p].values() if isinstance(v, torch.Tensor)]
    assert plan.state_bytes == sum(v.numel() * v.element_size() for v in kept)


@EACH
def test_its_kernel_can_be_read(made):
    text = cpu.source(made.rule)
    assert made.rule.name in text
    compile(text, "kernel", "exec")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_modifier_adds_is_beside_what_the_rule_has(engine):
    params = weights()
    opt = thalweg.optimizer(counted("nadam", by=2.0))(params, engine=engine)
    plain = weights()
    expected = walk(thalweg.NAdam(plain, engine=engine), plain, 4)
    assert all(torch.equal(a, b) for a, b in zip(walk(opt, params, 4), expected, strict=True))
    total = [2 * sum(g[i] for g in gradients(4)) for i, _ in enumerate(params)]
    for param, seen in zip(params, total, strict=True):
        torch.testing.assert_close(opt.state[param]["seen"], seen)
        assert opt.state[param]["so_far"] == 1 + 2 + 3 + 4
        assert 0 < opt.state[param]["mu_product"] < 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("by", [counted, thalweg.cautious, thalweg.lookahead, thalweg.averaged])
def test_a_rule_of_the_user_s_is_modified_too(by, engine):
    made = by(drift)
    params = weights()
    opt = thalweg.optimizer(made)(params, engine=engine)
    walk(opt, params, 5)
    assert type(opt).__name__ == by.__name__.title() + "Drift"
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("name", rules.names())
def test_every_rule_can_be_averaged(name):
    thalweg.averaged(name)


@pytest.mark.parametrize("name", ["madgrad", "dog"])
def test_a_rule_that_only_remembers_where_it_began_keeps_no_weights(name):
    assert kept_weights(rules.find(name)) == []
    thalweg.cautious(name)


def test_nonsense_is_refused():
    def headless(param, grad): ...

    with pytest.raises(TypeError, match=r"^headless: a modifier's first arguments are rule, param"):
        modifier(headless)
    with pytest.raises(TypeError, match=r"^counted: counted_drift has 'by' already"):
        counted(counted(drift))
    with pytest.raises(TypeError, match="unexpected keyword argument 'speed'"):
        thalweg.lookahead("sgd", speed=3)
    with pytest.raises(ValueError, match=r"^no rule is called 'adamm'"):
        thalweg.cautious("adamm")
    with pytest.raises(ValueError, match=r"^cautious: scaled=3 is not one of False, True"):
        thalweg.cautious("adamw", scaled=3)


def test_a_modifier_that_forgets_a_state_is_told_so():
    @modifier
    def forgetful(rule, param, grad, seen: Zeros):
        return rule(param, grad)

    x = Parameter(torch.zeros(1))
    x.grad = torch.ones(1)
    with pytest.raises(TypeError, match=r"^forgetful returned 1 values where the new parameter, 1"):
        thalweg.optimizer(forgetful(drift))([x]).step()


def test_the_last_call_of_the_rule_is_the_one_that_counts():
    @modifier
    def twice(rule, param, grad):
        rule(param, 100 * grad)
        return rule(param, grad)

    one, other = weights(), weights()
    walk(thalweg.SGD(one, momentum=0.9), one, 5)
    walk(thalweg.optimizer(twice("sgd"))(other, momentum=0.9), other, 5)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
