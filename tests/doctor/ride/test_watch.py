"""Riding along: what is seen, what it does not disturb, and what it may cost."""

from __future__ import annotations

import copy
import io
from itertools import pairwise

import pytest
import torch
from torch import nn

import thalweg
from thalweg.doctor import watch
from thalweg.doctor.ride.budget import Budget
from thalweg.doctor.ride.journal import clipped
from thalweg.doctor.ride.trace import Trace

RULES = {
    "torch": lambda params: torch.optim.Adam(params, lr=3e-3),
    "ours": lambda params: thalweg.Adam(params, lr=3e-3),
}


def net(dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 2)
    )


def train(model, optimizer, criterion, steps=300, watched=None, zero=True):
    torch.manual_seed(1)
    for _ in range(steps):
        inputs = torch.randn(32, 4)
        targets = (inputs.sum(1) > 0).long()
        if zero:
            optimizer.zero_grad()
        if watched is not None:
            watched.batch(inputs, targets)
        loss = criterion(model(inputs), targets)
        loss.backward()
        if watched is not None:
            watched.loss(loss)
        optimizer.step()


def generous(model, optimizer, **given):
    """A watch that does all it can, whatever the clock says."""
    watched = watch(model, optimizer, share=1.0, **given)
    watched.budget.credit = 1e9
    watched.budget.tick = lambda: None
    return watched


@pytest.mark.parametrize("rule", RULES)
def test_the_run_is_the_same_bit_for_bit(rule):
    runs = []
    for watching in (False, True):
        model, criterion = net(dropout=0.3), nn.CrossEntropyLoss()
        optimizer = RULES[rule](model.parameters())
        watched = generous(model, optimizer, loss=criterion) if watching else None
        train(model, optimizer, criterion, steps=210)
        runs.append([value.clone() for value in model.state_dict().values()])
    assert watched.evidence().uphill is not None
    assert all(torch.equal(one, other) for one, other in zip(*runs, strict=True))


def test_a_module_s_loss_and_batches_are_seen_without_a_word():
    model, criterion = net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    with generous(model, optimizer, loss=criterion) as watched:
        train(model, optimizer, criterion, steps=1000)
    found = watched.evidence()
    assert (found.step, found.batch, found.rule, found.level) == (1000, 32, "adam", "watch")
    assert (len(found.losses), found.training, found.initial) == (1000, True, found.losses[0].value)
    assert found.ratio.count >= 4
    assert found.noise_scale.value > 0
    assert found.stale == 0
    assert len(found.layers) == 6
    assert all(layer.moved and layer.owned for layer in found.layers)
    assert found.divisor > 1e3
    assert found.notes == []


def test_a_function_s_loss_and_batches_are_told():
    model, criterion = net(), nn.functional.cross_entropy
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with generous(model, optimizer, loss=criterion) as watched:
        train(model, optimizer, criterion, steps=450, watched=watched)
    found = watched.evidence()
    assert len(found.losses) == 450
    assert found.ratio.count == 2


def test_the_step_ratio_is_that_of_a_quadratic():
    """One weight, mean squared error against 0: the curvature is 2 mean(x²)."""
    model, criterion = nn.Linear(1, 1, bias=False), nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    inputs, targets = torch.full((8, 1), 3.0), torch.zeros(8, 1)
    with generous(model, optimizer, loss=criterion) as watched:
        for _ in range(210):
            optimizer.zero_grad()
            criterion(model(inputs), targets).backward()
            optimizer.step()
    assert watched.evidence().ratio.value == pytest.approx(1e-3 * 18, rel=1e-3)


def test_a_closure_s_loss_is_seen():
    model = net()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=3)
    inputs, targets = torch.randn(32, 4), torch.arange(32) % 2

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        return loss

    with generous(model, optimizer) as watched:
        for _ in range(20):
            optimizer.step(closure)
    assert [point.step for point in watched.evidence().losses] == list(range(1, 21))


def test_a_missing_zero_grad_is_found():
    model, criterion = net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    with generous(model, optimizer) as watched:
        train(model, optimizer, criterion, steps=160, zero=False)
    assert watched.evidence().stale > 0.5


def test_what_never_moves_is_named():
    model, criterion = net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam([*model[0].parameters(), model[4].weight], lr=3e-3)
    with generous(model, optimizer) as watched:
        train(model, optimizer, criterion, steps=60)
    layers = {layer.name: layer for layer in watched.evidence().layers}
    assert (layers["4.bias"].moved, layers["4.bias"].owned) == (False, False)
    assert layers["4.weight"].moved


def test_the_first_bad_gradient_is_named():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with generous(model, optimizer) as watched:
        for _ in range(11):
            optimizer.zero_grad()
            (model(torch.full((4, 4), 1.0)).sum() * torch.inf).backward()
            optimizer.step()
    assert watched.evidence().non_finite == "gradient of 4.bias"


def test_removing_leaves_no_hook():
    model, criterion = net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    watched = generous(model, optimizer, loss=criterion)
    train(model, optimizer, criterion, steps=52)
    watched.remove()
    assert not model._forward_pre_hooks
    assert not model._forward_pre_hooks_with_kwargs
    assert not criterion._forward_hooks
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks
    assert not any(param._backward_hooks for param in model.parameters())
    seen = watched.evidence().step
    train(model, optimizer, criterion, steps=3)
    assert watched.evidence().step == seen


def test_a_watched_model_can_be_copied_and_saved_and_the_copy_is_not_heard():
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    watched = watch(model, optimizer)
    copy.deepcopy(model).eval()(torch.randn(2, 4))
    assert watched.evidence().training is None
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    torch.load(file, weights_only=False)(torch.randn(2, 4))
    assert watched.evidence().training is None
    watched.remove()


def test_a_fixed_sample_is_followed():
    model, criterion = net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    inputs = torch.randn(128, 4)
    rows = (inputs, (inputs.sum(1) > 0).long())
    with generous(model, optimizer, loss=criterion, data=rows) as watched:
        train(model, optimizer, criterion, steps=201)
    losses = watched.evidence().probe_losses
    assert [point.step for point in losses] == [1, 51, 101, 151, 201]
    assert losses[-1].value < losses[0].value


@pytest.mark.parametrize(
    ("given", "said"), [({"share": 0}, "share=0"), ({"data": (1, 2)}, "give loss=")]
)
def test_bad_input_is_said(given, said):
    model = net()
    with pytest.raises(ValueError, match=said):
        watch(model, torch.optim.SGD(model.parameters(), lr=0.1), **given)


def test_clipped_gradients_are_told_by_their_equal_norms():
    assert clipped([1.0, 0.99999, 1.0, 0.5, 0.4, 1.0, 0.2, 0.7, 1.0, 1.0]) == 0.6
    assert clipped([0.1 * place for place in range(1, 20)]) == 0
    assert clipped([1.0]) is None


def test_a_budget_that_is_spent_affords_nothing_until_it_is_earned():
    budget = Budget(0.5)
    budget.credit = 0.01
    with budget.charged("look"):
        sum(range(2_000_000))
    assert budget.credit < 0
    assert not budget.affords("look")


def test_a_long_history_keeps_its_ends_and_its_length():
    trace = Trace(most=100)
    for step in range(10_000):
        trace.add(step, float(step))
    steps = [point.step for point in trace.points()]
    assert len(steps) <= 100
    assert steps[0] == 0
    assert steps[-1] > 9_700
    assert len({after - before for before, after in pairwise(steps)}) == 1
