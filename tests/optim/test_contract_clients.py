"""The libraries around torch find what they look for."""

import pytest
import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.nn import Parameter

import thalweg
from tests.optim.problem import NAMES, decaying, feed, kind, same, values, walk
from thalweg.schedules import constant


def model_of():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))


# Asking takes a step with lr=0; Rprop's least step is not lr's to say, nor is it in torch.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "rprop"])
def test_asking_a_fresh_optimizer_for_its_state_moves_no_weight(name):
    model = model_of()
    before = values(list(model.parameters()))
    opt = kind(name)(model.parameters(), **decaying(name, 0.1))
    get_optimizer_state_dict(model, opt)
    assert same(values(list(model.parameters())), before)


def test_asking_moves_no_weight_where_lr_is_on_a_schedule():
    model = model_of()
    before = values(list(model.parameters()))
    get_optimizer_state_dict(model, thalweg.AdamW(model.parameters(), lr=constant(0.1)))
    assert same(values(list(model.parameters())), before)


@pytest.mark.parametrize("flat", [False, True], ids=["nested", "flat"])
@pytest.mark.parametrize("name", NAMES)
def test_a_distributed_checkpoint_goes_round(name, flat):
    options = StateDictOptions(flatten_optimizer_state_dict=flat)
    one, two = model_of(), model_of()

    def make(model):
        first, *rest = model.parameters()
        return kind(name)([{"params": [first]}, {"params": rest, "lr": 0.02}], lr=0.01)

    ours, theirs = make(one), make(two)
    walk(ours, list(one.parameters()), 2)
    two.load_state_dict(one.state_dict())
    state = get_optimizer_state_dict(one, ours, options=options)
    set_optimizer_state_dict(two, theirs, state, options=options)
    expected = walk(ours, list(one.parameters()), range(2, 4))
    assert same(walk(theirs, list(two.parameters()), range(2, 4)), expected)


@pytest.mark.filterwarnings("ignore")  # of the compiler
def test_a_compiled_model_is_trained_as_the_plain_one():
    ends = []
    for compiled in (False, True):
        model = model_of()
        forward = torch.compile(model, backend="eager") if compiled else model
        opt = thalweg.Adam(forward.parameters(), lr=0.01)
        for t in range(3):
            opt.zero_grad()
            forward(torch.full((3,), float(t))).square().sum().backward()
            opt.step()
        ends.append(values(list(model.parameters())))
    assert same(*ends)


def test_a_compiled_step_is_the_plain_step_and_warns_of_nothing():
    p = Parameter(torch.zeros(3))
    opt = thalweg.SGD([p], lr=1.0)
    groups = dict(opt.param_groups[0])

    @torch.compile(backend="eager")
    def step():
        opt.step()

    for _ in range(2):
        p.grad = torch.ones(3)
        step()
    assert p.eq(-2).all()
    assert opt.param_groups[0] == groups


@pytest.mark.parametrize("name", NAMES)
def test_groups_may_get_other_parameters(name):
    # As accelerate does when it shards: same group, new objects.
    old, new = Parameter(torch.ones(3)), Parameter(torch.ones(3))
    opt = kind(name)([old], lr=0.1)
    feed([old], 0)
    opt.step()
    opt.param_groups[0]["params"][0] = new
    feed([new], 1)
    before = old.detach().clone()
    opt.step()
    assert torch.equal(old, before)
    assert new.ne(1).all()


def test_a_wrapped_step_runs_once():
    # As accelerate does: a step on the instance that calls the class's.
    p = Parameter(torch.zeros(1))
    opt = thalweg.SGD([p], lr=1.0)
    calls, original = [], opt.step

    def counted(*args, **kwargs):
        calls.append(1)
        return original(*args, **kwargs)

    opt.step = counted
    p.grad = torch.ones(1)
    opt.step()
    assert (p.item(), len(calls)) == (-1.0, 1)


def test_the_names_that_schedule_free_clients_look_for_are_absent():
    opt = thalweg.Adam([Parameter(torch.zeros(1))])
    assert not hasattr(opt, "train")
    assert not hasattr(opt, "eval")


def test_an_optimizer_clears_gradients_both_ways():
    p = Parameter(torch.zeros(2))
    opt = thalweg.Adam([p])
    p.grad = torch.ones(2)
    opt.zero_grad(set_to_none=False)
    assert p.grad.eq(0).all()
    opt.zero_grad()
    assert p.grad is None


def test_a_differentiable_step_lets_gradients_through():
    scale = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    p = torch.ones(1, dtype=torch.float64).requires_grad_().clone()
    opt = thalweg.SGD([p], lr=0.1, momentum=0.9, differentiable=True)
    for _ in range(3):
        p.grad = scale * torch.ones(1, dtype=torch.float64)
        opt.step()
    p.sum().backward()
    # Torch detaches the first gradient on its way into the buffer, and so loses a part of this.
    assert scale.grad.item() == pytest.approx(-0.1 * (1 + 1.9 + 2.71), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_can_be_differentiated_through(name):
    flags = {"rmsprop": {"momentum": 0.9, "centered": True, "eps": 0.1}}
    scale = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    p = torch.ones(3, dtype=torch.float64).requires_grad_().clone()
    opt = kind(name)([p], lr=0.1, differentiable=True, **flags.get(name, {}))
    for t in range(3):
        p.grad = scale * torch.full((3,), 1.0 + t, dtype=torch.float64)
        opt.step()
    p.sum().backward()
    assert scale.grad.isfinite().all()


def test_the_plan_is_made_before_anything_is_allocated():
    p, q = Parameter(torch.ones(8)), Parameter(torch.ones(4, 2)[:, 0])
    opt = thalweg.Adam([p, q])
    plan = opt.plan()
    assert not opt.state
    assert {row.engine for row in plan.rows} == {"cpu", "eager"}
    assert plan.state_bytes == 2 * (8 + 4) * 4
    assert "gaps" in str(plan)
