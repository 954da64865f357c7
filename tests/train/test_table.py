"""A table's rows are the figures at the best epoch."""

import pytest

from thalweg.train import table
from thalweg.train.record import Epoch, Record


def record():
    history = [
        Epoch(epoch, epoch, 0, float(epoch), {"loss": 3.0 - epoch}, {"loss": abs(1.5 - epoch)})
        for epoch in range(3)
    ]
    best = {"epoch": 1, "metric": "loss", "value": 0.5}
    return Record("t", "adam", label="A", history=history, best=best)


def test_figures_are_those_of_the_best_epoch_and_time_that_of_the_last():
    done = record()
    done.test, done.gap = {"loss": 0.7}, {"loss": 1.3}
    (row,) = table([done])
    assert (row.train, row.validation, row.test, row.gap) == (2.0, 0.5, 0.7, 1.3)
    assert (row.best_epoch, row.epochs, row.seconds) == (1, 2, 2.0)


def test_a_run_that_goes_on_has_no_test_figure():
    (row,) = table([record()])
    assert row.test is None
    assert row.gap is None


def test_an_unknown_metric_is_named():
    with pytest.raises(ValueError, match="A: has no 'f1', only loss"):
        table([record()], metric="f1")
    with pytest.raises(ValueError, match="no epoch done"):
        table([Record("t", "adam")])
