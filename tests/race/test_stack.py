"""A stack gives every copy the loss, the gradient and the figures that it has by itself."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from thalweg.race import stack as stacks
from thalweg.race.stack import Stack
from thalweg.tasks.metric import accuracy
from thalweg.tasks.task import Part, Task
from thalweg.train.evaluate import evaluate


def make_model():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)).double()


TASK = Task("three", "", make_model, lambda: None, metrics={"accuracy": accuracy}, batch=8)
PART = Part(torch.randn(75, 4, dtype=torch.float64), torch.randint(3, (75,)))


@pytest.fixture(params=[64, 3], ids=["in one go", "three at once"])
def models(request, monkeypatch):
    monkeypatch.setattr(stacks, "AT_ONCE", request.param)
    return [make_model() for _ in range(7)]


def test_gradients_and_losses_are_those_of_each_copy(models):
    stack = Stack.of(TASK, models)
    rows = torch.randint(75, (7, 20))
    losses = stack.gradient(PART.inputs[rows], PART.targets[rows])
    for row, model in enumerate(models):
        loss = TASK.loss(model(PART.inputs[rows[row]]), PART.targets[rows[row]])
        loss.backward()
        assert losses[row] == pytest.approx(loss.item(), rel=1e-12)
        for slope, param in zip(stack.gradients, model.parameters(), strict=True):
            torch.testing.assert_close(slope[row], param.grad, rtol=1e-12, atol=1e-14)


def test_figures_are_those_of_each_copy(models):
    found = Stack.of(TASK, models).evaluate(PART)
    for model, figures in zip(models, found, strict=True):
        assert figures == pytest.approx(evaluate(model, TASK, PART), rel=1e-12)


def test_the_models_share_no_memory_with_the_stack(models):
    stack = Stack.of(TASK, models)
    before = models[0][0].weight.detach().clone()
    stack.weights[0].zero_()
    assert models[0][0].weight.equal(before)


def test_some_rows_are_a_stack_of_their_own(models):
    stack = Stack.of(TASK, models)
    some = stack.at([5, 2])
    assert len(some) == 2
    expected = [evaluate(models[i], TASK, PART) for i in (5, 2)]
    assert some.evaluate(PART) == [pytest.approx(one, rel=1e-12) for one in expected]
    some.weights[0].zero_()
    assert stack.weights[0].count_nonzero() == stack.weights[0].numel()


def test_figures_are_those_of_eval_mode():
    class Noisy(nn.Module):
        """Another model while it is trained."""

        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3).double()

        def forward(self, x):
            return self.layer(x) * (2 if self.training else 1)

    models = [Noisy() for _ in range(3)]
    found = Stack.of(TASK, models).evaluate(PART)
    expected = [pytest.approx(evaluate(model, TASK, PART), rel=1e-12) for model in models]
    assert found == expected


def test_modes_that_the_author_set_are_put_back(models):
    models[0][1].eval()
    stack = Stack.of(TASK, models)
    stack.evaluate(PART)
    assert [module.training for module in models[0]] == [True, False, True]


def test_a_loss_without_a_number_is_told_and_stays_with_its_copy(models):
    stack = Stack.of(replace(TASK, loss=nn.functional.cross_entropy), models)
    stack.weights[0][3] = torch.nan
    rows = torch.arange(20).expand(7, 20)
    losses = torch.tensor(stack.gradient(PART.inputs[rows], PART.targets[rows]))
    assert losses.isnan().tolist() == [row == 3 for row in range(7)]
    assert [bool(one.isnan().any()) for one in stack.gradients[0]] == [r == 3 for r in range(7)]
