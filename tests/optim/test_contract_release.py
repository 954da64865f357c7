"""With gradients released, each parameter is stepped in backward, and the weights are the same."""

import copy
import gc

import pytest
import torch
from torch import nn

import thalweg


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))


def batches(count, size=6):
    torch.manual_seed(1)
    return [torch.randn(size, 4) for _ in range(count)]


def loss(net, batch):
    return net(batch).square().mean()


@pytest.mark.parametrize("engine", ["eager", "cpu"])
@pytest.mark.parametrize("name", ["adamw", "sgd", "lion", "nadam"])
def test_the_weights_are_those_of_plain_steps(name, engine):
    plain, released = model(), model()
    settings = {"lr": 0.01, "engine": engine, "clip_value": 0.1}
    one = thalweg.build(name, plain.parameters(), **settings)
    two = thalweg.build(name, released.parameters(), **settings)
    two.release_gradients(released)
    for batch in batches(5):
        loss(plain, batch).backward()
        one.step()
        one.zero_grad()
        loss(released, batch).backward()
    for p, q in zip(plain.parameters(), released.parameters(), strict=True):
        assert torch.equal(p, q)


def test_gradients_never_exist_all_at_once():
    net = nn.Sequential(*(nn.Linear(16, 16, bias=False) for _ in range(8)))
    opt = thalweg.AdamW(net.parameters())
    seen = []
    for layer in net:
        layer.weight.register_post_accumulate_grad_hook(
            lambda _: seen.append(sum(p.grad is not None for p in net.parameters()))
        )
    opt.release_gradients(net)
    loss_of = net(torch.randn(3, 16)).sum()
    loss_of.backward()
    assert len(seen) == 8
    assert max(seen) == 1
    assert all(p.grad is None for p in net.parameters())


def test_accumulation_adds_up_and_the_last_pass_applies_it_all():
    plain, released = model(), model()
    one = thalweg.AdamW(plain.parameters(), lr=0.01)
    two = thalweg.AdamW(released.parameters(), lr=0.01)
    handle = two.release_gradients(released)
    first, second, third = batches(3)
    before = copy.deepcopy(released.state_dict())
    with handle.accumulating():
        loss(released, first).backward()
        loss(released, second).backward()
    assert all(torch.equal(before[n], p) for n, p in released.named_parameters())
    loss(released, third).backward()
    for batch in (first, second, third):
        loss(plain, batch).backward()
    one.step()
    for p, q in zip(plain.parameters(), released.parameters(), strict=True):
        assert torch.equal(p, q)


def test_step_may_still_be_called_and_schedules_go_on():
    net = model()
    opt = thalweg.SGD(net.parameters(), lr=thalweg.schedules.ramp(0.0, 1.0, steps=4))
    opt.release_gradients(net)
    rates = []
    for batch in batches(4):
        loss(net, batch).backward()
        opt.step()
        rates.append(opt.last.lr[0])
    assert rates == [0.0, 0.25, 0.5, 0.75]
    assert opt.last.applied


def test_tied_weights_are_stepped_once_with_the_whole_gradient():
    plain = model().extend([nn.Linear(2, 8), nn.Linear(8, 8)])
    plain[6].weight = plain[2].weight
    released = copy.deepcopy(plain)
    assert released[6].weight is released[2].weight
    one = thalweg.SGD(plain.parameters(), lr=0.1)
    two = thalweg.SGD(released.parameters(), lr=0.1)
    two.release_gradients(released)
    loss(plain, batches(1)[0]).backward()
    one.step()
    loss(released, batches(1)[0]).backward()
    assert torch.equal(plain[2].weight, released[2].weight)


def test_a_checkpoint_goes_on_with_either():
    net = model()
    opt = thalweg.AdamW(net.parameters(), lr=0.01)
    handle = opt.release_gradients(net)
    first, second, third = batches(3)
    loss(net, first).backward()
    saved, weights = copy.deepcopy(opt.state_dict()), copy.deepcopy(net.state_dict())
    loss(net, second).backward()
    wanted = copy.deepcopy(net.state_dict())
    opt.load_state_dict(saved)
    net.load_state_dict(weights)
    loss(net, second).backward()  # still released
    assert all(torch.equal(wanted[n], p) for n, p in net.state_dict().items())
    handle.remove()
    loss(net, third).backward()
    assert net[0].weight.grad is not None
    opt.step()
    assert opt.state[net[0].weight]["step"] == 3


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("adamw", {"clip_norm": 1.0}, "clip_norm needs all gradients at once.*clip_tensor_norm"),
        ("sgd", {"differentiable": True}, "differentiable=True needs the gradients"),
    ],
)
def test_what_needs_all_gradients_is_refused_in_one_line(name, settings, sentence):
    net = model()
    with pytest.raises(RuntimeError, match=sentence):
        thalweg.build(name, net.parameters(), **settings).release_gradients(net)


def test_a_rule_that_sums_over_all_tensors_is_refused():
    from thalweg.rules.words import sqrt, total

    def normal(param, grad, *, lr: thalweg.rules.kinds.Rate = 0.1):
        return param - lr * grad / sqrt(total(grad * grad))

    net = model()
    with pytest.raises(RuntimeError, match="sums over all tensors"):
        thalweg.optimizer(normal)(net.parameters()).release_gradients(net)


def test_a_closure_and_a_foreign_model_are_refused():
    net = model()
    opt = thalweg.SGD(net.parameters())
    with pytest.raises(ValueError, match="none of this model's 6 parameters"):
        opt.release_gradients(model())
    opt.release_gradients(net)
    with pytest.raises(RuntimeError, match="a closure's gradients are freed"):
        opt.step(lambda: loss(net, batches(1)[0]))


def test_an_optimizer_that_is_gone_leaves_backward_alone():
    net = model()
    opt = thalweg.SGD(net.parameters(), lr=0.1)
    opt.release_gradients(net)
    del opt
    gc.collect()
    before = net[0].weight.detach().clone()
    loss(net, batches(1)[0]).backward()
    assert torch.equal(net[0].weight, before)
