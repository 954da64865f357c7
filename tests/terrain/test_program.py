"""A program computes what its function computes, however often and in however many threads."""

import pytest
import torch
from torch import nn

from tests.terrain.net import probe
from thalweg.terrain.batched import Batched
from thalweg.terrain.plane import randomly
from thalweg.terrain.program import write

LEFT = torch.randn(3, 9000, generator=torch.Generator().manual_seed(1))
RIGHT = torch.randn(9000, 4, generator=torch.Generator().manual_seed(2))


def layers(given: torch.Tensor) -> torch.Tensor:
    inner = (given @ LEFT).view(-1, 9000)
    # Read twice: the first must not be written over.
    return (torch.relu(inner) @ RIGHT + torch.tanh(inner + 1) @ RIGHT).log_softmax(1)


@pytest.mark.parametrize(
    "function", [layers, lambda x: (x * 2).relu_().neg(), lambda x: x.split(1)[1]]
)
def test_a_program_gives_the_same_for_every_input(function):
    hand = write(function, torch.zeros(5, 3)).hand()
    for seed in range(3):
        given = torch.randn(5, 3, generator=torch.Generator().manual_seed(seed))
        assert torch.equal(hand(given), function(given.clone()))


def test_what_does_not_depend_on_the_input_is_computed_once():
    program = write(lambda x: x * torch.arange(3).float().exp().sum(), torch.zeros(3))
    assert [node.op for node in program.module.graph.nodes].count("call_function") == 1


def branching(given: torch.Tensor) -> torch.Tensor:
    return given if given.sum() > 0 else -given


def counting(given: torch.Tensor) -> torch.Tensor:
    torch.zeros(3).add_(given)
    return given + 1


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (branching, "decides"),
        (counting, "belongs to no point"),
        (nn.Dropout(0.5), "random"),
        (lambda x: torch.zeros(3), "does not depend"),
    ],
)
def test_what_can_not_be_written_down_is_refused(function, words):
    with pytest.raises(RuntimeError, match=words):
        write(function, torch.zeros(3))


@pytest.mark.parametrize(("kind", "chunk"), [("mlp", 4), ("cnn", 1), ("tied", 8)])
def test_losses_do_not_depend_on_the_number_of_threads(kind, chunk):
    asked = probe(kind)
    plane = randomly(asked.weights, asked.here())
    points = torch.rand(37, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    usual = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(Batched(asked, plane, chunk)(points))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(usual)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
