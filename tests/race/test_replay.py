"""A replay does what the function does, and is not trusted where it does not."""

import pytest
import torch
from torch.func import vmap

from thalweg import tasks
from thalweg.race.replay import Replay
from thalweg.race.stack import Stack


def agree(function, *shapes, calls=4):
    """Call with new numbers each time; the replay."""
    replay = Replay(function)
    for seed in range(calls):
        torch.manual_seed(seed)
        inputs = [torch.randn(shape) for shape in shapes]
        for found, expected in zip(replay(*inputs), function(*inputs), strict=True):
            torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)
    return replay


TABLE = torch.arange(12.0).reshape(3, 4)

CASES = {
    "a sum of products": lambda x, y: [x @ y, (x * 2).sum()],
    "views and what is written into them": lambda x, y: [x.clone().t().add_(1)[1:].mul_(3)],
    "lists of tensors": lambda x, y: [torch.cat([x, y.t()]), torch.stack([x, y.t()], 1)],
    "tensors by name": lambda x, y: [torch.add(input=x, other=y.t(), alpha=2)],
    "several results": lambda x, y: [*x.max(1), *torch.topk(y, 2)],
    "parts": lambda x, y: [part + 1 for part in x.split(2, dim=1)],
    "constants": lambda x, y: [x + TABLE, y * torch.tensor(3.0), torch.zeros(2).add_(x[0, 0])],
    "an input as it is": lambda x, y: [x, x.detach(), y.t()],
    "places by a mask": lambda x, y: [torch.where(x > 0, x, 0.0), x.masked_fill(x > 0, 7)],
    "under vmap": lambda x, y: [vmap(lambda a, b: (a * b).sum().exp())(x, y.t())],
}


@pytest.mark.parametrize("case", CASES)
def test_a_replay_gives_the_same_bits(case):
    assert agree(CASES[case], (3, 4), (4, 3)).trusted


def test_gradients_are_replayed_without_autograd():
    def slopes(x, y):
        leaves = [one.detach().requires_grad_() for one in (x, y)]
        loss = vmap(lambda a, b: torch.tanh(a @ b).square().mean())(*leaves)
        return [loss, *torch.autograd.grad(loss.sum(), leaves)]

    replay = agree(slopes, (5, 3, 4), (5, 4, 2))
    assert replay.trusted
    loss, *_ = replay(torch.ones(5, 3, 4), torch.ones(5, 4, 2))
    assert not loss.requires_grad


def test_what_is_not_a_number_is_no_difference():
    assert agree(lambda x: [x / 0 * 0], (3,)).trusted


def test_a_function_with_a_memory_is_called_every_time():
    seen = []

    def counts(x):
        seen.append(1)
        return [x * len(seen)]

    replay = Replay(counts)
    values = [replay(torch.ones(1))[0].item() for _ in range(4)]
    assert values == [1, 2, 3, 4]
    assert replay.trusted is False


def test_a_function_that_asks_for_a_value_is_called_every_time():
    replay = Replay(lambda x: [x * 2 if x.sum() > 0 else x * 3])
    values = [replay(torch.tensor([v]))[0].item() for v in (1.0, -1.0, 1.0, -1.0)]
    assert values == [2, -3, 2, -3]
    assert replay.trusted is False


def test_a_function_that_failed_is_tried_again():
    fails = [True]

    def function(x):
        if fails.pop():
            raise ValueError("once")
        fails.append(False)
        return [x + 1]

    replay = Replay(function)
    with pytest.raises(ValueError, match="once"):
        replay(torch.ones(1))
    fails.append(False)
    assert [replay(torch.ones(1))[0].item() for _ in range(3)] == [2, 2, 2]
    assert replay.trusted


def test_what_is_not_needed_any_more_is_let_go():
    import weakref

    held = []

    def function(x):
        y = x + 1
        held.append(weakref.ref(y))
        return [y * 2]

    replay = Replay(function)
    replay(torch.ones(2))
    assert held[0]() is None


@pytest.mark.parametrize("name", ["digits", "breast-cancer", "diabetes", "rosenbrock"])
def test_the_tasks_here_are_replayed(name):
    task = tasks.find(name)
    part = task.load().train
    stack = Stack.of(task, [task.make_model() for _ in range(3)])
    rows = torch.zeros(3, 5, dtype=torch.long)
    for _ in range(2):
        stack.gradient(part.inputs[rows], part.targets[rows])
        stack.evaluate(part)
    found = [replay.trusted for replay in stack._replays.values()]
    assert found
    assert all(found)
