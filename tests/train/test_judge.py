"""Best, solved and patience follow the validation part."""

import math

import pytest

from thalweg.tasks.task import Solved, Task
from thalweg.train.judge import is_solved, judge, out_of_patience
from thalweg.train.record import Epoch, Record


def line(epoch, loss, accuracy=0.0):
    return Epoch(epoch, epoch, 0, 0.0, {"loss": 0.0}, {"loss": loss, "accuracy": accuracy})


def task(solved=None):
    return Task("t", "", lambda: None, lambda: None, solved=solved)


def best_of(values, solved=None):
    best = {}
    for epoch, value in enumerate(values):
        best = judge(task(solved), line(epoch, value, value), best)
    return best["epoch"]


@pytest.mark.parametrize(
    ("values", "lowest", "highest"),
    [
        ([3, 1, 2], 1, 0),
        ([1, 1, 1], 0, 0),
        ([math.nan, 2, 3], 1, 2),
        ([2, math.nan, 1], 2, 0),
        ([math.inf, 5, math.nan], 1, 0),
        ([math.nan, math.nan], 0, 0),
    ],
)
def test_the_best_is_the_first_of_the_lowest_losses_or_the_highest_scores(values, lowest, highest):
    assert best_of(values) == lowest
    assert best_of(values, Solved("accuracy", 1.0)) == highest


def test_solved_means_reaching_the_goal_from_the_right_side():
    assert is_solved(task(Solved("accuracy", 0.9)), line(1, 5.0, 0.9))
    assert not is_solved(task(Solved("accuracy", 0.9)), line(1, 5.0, 0.89))
    assert is_solved(task(Solved("loss", 0.1, higher=False)), line(1, 0.1))
    assert not is_solved(task(Solved("loss", 0.1, higher=False)), line(1, math.nan))
    assert not is_solved(task(), line(1, 0.0, 1.0))


def test_patience_counts_epochs_since_the_best():
    record = Record("t", "r", history=[line(7, 1.0)], best={"epoch": 5})
    assert out_of_patience(record, 2)
    assert not out_of_patience(record, 3)
    assert not out_of_patience(record, None)
