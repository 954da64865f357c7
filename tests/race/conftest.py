"""A task so small that four runs of it take a moment."""

import pytest
import torch
from torch import nn

from thalweg.tasks.metric import accuracy
from thalweg.tasks.task import Data, Part, Solved, Task


def load() -> Data:
    """Two clouds of points, told apart by their first coordinate."""
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(120, 2, generator=generator)
    side = (points[:, 0] > 0).long()
    parts = [Part(points[i : i + 40], side[i : i + 40]) for i in (0, 40, 80)]
    return Data(*parts)


@pytest.fixture
def clouds() -> Task:
    return Task(
        name="clouds",
        about="Two clouds.",
        make_model=lambda: nn.Linear(2, 2),
        load=load,
        metrics={"accuracy": accuracy},
        solved=Solved("accuracy", 0.9),
        epochs=3,
        batch=8,
    )


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Threads would only wait for each other on tasks this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
