"""A joint step writes the bits that each optimizer would write by itself."""

import copy

import pytest
import torch

from thalweg import optim, rules
from thalweg.race.joint import JointStep
from thalweg.schedules import ramp

SHAPES = ((5, 7), (7,), (1, 7), ())
FACTORED = ("adafactor", "came", "adam_mini")


def make(rule, hypers):
    """An optimizer for each setting, of parameters of its own."""
    generator = torch.Generator().manual_seed(1)
    made = []
    for one in hypers:
        params = [torch.randn(s, generator=generator).requires_grad_() for s in SHAPES]
        for param in params:
            param.grad = torch.empty_like(param)
        made.append(optim.build(rule, params, steps_per_epoch=2, **one))
    return made


def draw(optimizers, step):
    """New gradients, written where the old ones were."""
    generator = torch.Generator().manual_seed(step)
    for optimizer in optimizers:
        for param in optimizer.param_groups[0]["params"]:
            param.grad.copy_(torch.randn(param.shape, generator=generator))


def weights(optimizers):
    return [[p.detach().clone() for p in one.param_groups[0]["params"]] for one in optimizers]


def walk(optimizers, steps, together):
    joint = JointStep(optimizers) if together else None
    for step in range(steps):
        draw(optimizers, step)
        if joint is None:
            for one in optimizers:
                one.step()
        else:
            joint.step()
    return joint


def check(rule, hypers, steps=6):
    """Both ways from the same start."""
    alone, together = make(rule, hypers), make(rule, hypers)
    walk(alone, steps, together=False)
    joint = walk(together, steps, together=True)
    for one, other in zip(weights(alone), weights(together), strict=True):
        for a, b in zip(one, other, strict=True):
            assert torch.equal(a, b)
    for one, other in zip(alone, together, strict=True):
        for a, b in zip(one.state.values(), other.state.values(), strict=True):
            tensors = [name for name, value in a.items() if isinstance(value, torch.Tensor)]
            assert all(torch.equal(a[name], b[name]) for name in tensors)
    return joint


def rates(rule):
    lr = rules.find(rule).defaults["lr"]
    return [{"lr": lr * factor} for factor in (0.1, 1.0, 10.0)]


@pytest.mark.parametrize("rule", ["adam", "lamb", "dadapt_adam", "asgd", "nadam"])
def test_it_writes_the_same_bits(rule):
    assert check(rule, rates(rule)).alone == 0


@pytest.mark.slow
@pytest.mark.parametrize("rule", rules.names())
def test_it_writes_the_same_bits_for_every_rule(rule):
    joint = check(rule, rates(rule))
    assert joint.alone == (3 if rule in FACTORED else 0)


def test_optimizers_that_keep_other_states_go_in_crews_of_their_own():
    hypers = [{"momentum": m, "nesterov": m > 0.6} for m in (0.0, 0.9, 0.5, 0.0, 0.9)]
    assert check("sgd", hypers).alone == 0


def test_a_rule_that_branches_at_other_steps_changes_crews_on_the_way():
    check("radam", [{"beta2": beta2} for beta2 in (0.5, 0.75, 0.9, 0.999)], steps=12)


def test_schedules_move_each_at_its_own_pace():
    hypers = [{"momentum": ramp(0.5, 0.9, epochs=n)} for n in (1, 2, 3)]
    check("sgd", [*hypers, {"momentum": 0.9}], steps=8)


def test_a_decay_on_a_schedule_keeps_the_product_of_what_it_was():
    check("adam", [{"beta1": ramp(0.5, 0.9, epochs=n)} for n in (1, 2)], steps=6)


@pytest.mark.parametrize("setting", [{"clip_norm": 0.5}, {"clear_grads": True}, {"watch": True}])
def test_what_is_done_beside_the_rule_is_done_alone(setting):
    assert check("adam", [{**one, **setting} for one in rates("adam")]).alone == 3


def test_what_is_done_within_the_kernel_is_done_together():
    hypers = [
        {"lr": 0.1, "maximize": up, "average": 0.9, "clip_value": 0.5} for up in (True, False)
    ]
    assert check("adam", hypers).alone == 0


def test_who_leaves_is_stepped_no_more_and_the_others_are():
    alone, together = make("adam", rates("adam")), make("adam", rates("adam"))
    walk(alone, 3, together=False)
    joint = walk(together, 3, together=True)
    stopped = copy.deepcopy(weights(together)[1])
    joint.leave([together[1]])
    for step in (3, 4):
        draw(alone, step)
        draw(together, step)
        joint.step()
        for one in alone:
            one.step()
    here, there = weights(together), weights(alone)
    assert all(torch.equal(a, b) for a, b in zip(here[1], stopped, strict=True))
    for row in (0, 2):
        assert all(torch.equal(a, b) for a, b in zip(here[row], there[row], strict=True))


def test_parameters_that_were_moved_are_stepped_where_they_are():
    alone, together = make("adam", rates("adam")), make("adam", rates("adam"))
    walk(alone, 2, together=False)
    joint = walk(together, 2, together=True)
    for param in together[0].param_groups[0]["params"]:
        param.data, param.grad = param.detach().clone(), torch.empty_like(param)
    joint.leave([together[2]])
    draw(alone, 2)
    draw(together, 2)
    joint.step()
    alone[0].step()
    pairs = zip(weights(together)[0], weights(alone)[0], strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
