"""The probe set."""

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from thalweg import tasks
from thalweg.probe import sample

ROWS = torch.arange(100.0).unsqueeze(1)


def test_it_is_drawn_without_replacement_and_by_the_seed_alone():
    torch.manual_seed(5)
    one = sample((ROWS, ROWS), size=30, seed=3)
    torch.manual_seed(6)
    again = sample((ROWS, ROWS), size=30, seed=3)
    assert torch.equal(one.inputs, again.inputs)
    assert torch.equal(one.inputs, one.targets)
    assert len(one.inputs.unique()) == 30


def test_a_task_gives_its_training_part():
    data = tasks.find("diabetes").load()
    assert torch.equal(sample(data, size=None).inputs, data.train.inputs)


def test_a_loader_is_left_where_it_was():
    generator = torch.Generator().manual_seed(9)
    loader = DataLoader(TensorDataset(ROWS, ROWS), 16, shuffle=True, generator=generator)
    before, own = torch.get_rng_state(), generator.get_state()
    some = sample(loader, size=40)
    assert len(some) == 40
    assert torch.equal(some.inputs, some.targets)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(generator.get_state(), own)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (DataLoader(TensorDataset(ROWS[:0], ROWS[:0])), "yields nothing"),
        (iter([(ROWS, ROWS)]), "only once"),
        ([ROWS], "pairs"),
        (7, "int"),
        ((ROWS, ROWS[:3]), "3 and 100 rows"),
        ((ROWS[:0], ROWS[:0]), "0 rows"),
    ],
)
def test_data_that_can_not_be_sampled_get_one_line(data, words):
    with pytest.raises(ValueError, match=words) as caught:
        sample(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [0, -1, 1.5])
def test_a_size_that_is_none_gets_one_line(size):
    with pytest.raises(ValueError, match="samples="):
        sample((ROWS, ROWS), size=size)
