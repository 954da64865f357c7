"""Rows dealt into parts."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thalweg.tasks.split import cut, deal, split
from thalweg.tasks.standardise import standardise
from thalweg.tasks.task import Data, Part


@given(rows=st.integers(3, 200), seed=st.integers(0, 99), kinds=st.integers(1, 30))
def test_each_row_is_dealt_once(rows, seed, kinds):
    classes = torch.arange(rows) % kinds
    parts = deal(rows, (0.6, 0.2, 0.2), seed=seed, classes=classes)
    assert torch.cat(parts).sort().values.tolist() == list(range(rows))


def test_the_seed_decides():
    first, again, other = (deal(50, (0.5, 0.5), seed=seed)[0].tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_the_deal_never_changes():
    assert deal(10, (0.6, 0.2, 0.2), seed=0)[1].tolist() == [3, 7]


def test_classes_keep_their_shares():
    classes = torch.tensor([0] * 50 + [1] * 10)
    for part, share in zip(
        deal(60, (0.6, 0.2, 0.2), seed=3, classes=classes), (30, 10, 10), strict=True
    ):
        assert int((classes[part] == 0).sum()) == share


def test_whole_numbers_that_are_measurements_still_reach_every_part():
    data = split(torch.rand(100, 2), torch.arange(100), seed=0)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [60, 20, 20]


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, float("nan")])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(ValueError, match=r"^validation=.* is outside \(0, 1\); 0.2 is usual$"):
        cut(Part(torch.rand(5, 1), torch.rand(5)), share, seed=0)


def test_a_constant_column_becomes_zero_not_nan():
    part = Part(torch.tensor([[1.0, 7.0], [3.0, 7.0]], dtype=torch.float64), torch.rand(2))
    scaled = standardise(Data(part, part, part))
    assert scaled.train.inputs.tolist() == [[-1.0, 0.0], [1.0, 0.0]]
