"""Everyone gets the same task, the same first weights and the same order of the data."""

import itertools
from dataclasses import replace

import pytest
import torch
from torch import nn

from thalweg.race import Result, race


def test_the_four_run_in_order(clouds):
    result = race(clouds)
    assert [run.label for run in result.records] == [
        "Gradient descent",
        "SGD",
        "SGD, momentum 0.5 to 0.9",
        "Adam",
    ]
    assert {run.status for run in result.records} == {"finished"}


def test_everyone_passes_over_the_data_equally_often(clouds):
    records = race(clouds).records
    assert {run.history[-1].gradient_evaluations for run in records} == {3 * 40}
    assert [run.history[-1].step for run in records] == [3, 15, 15, 15]


def test_everyone_starts_from_the_same_weights(clouds):
    starts = [run.history[0].train for run in race(clouds).records]
    assert starts == [starts[0]] * 4


def test_another_seed_is_another_start(clouds):
    first, second = (race(clouds, seed=seed).records[0].history[0].train for seed in (0, 1))
    assert first != second


def test_a_model_that_ignores_the_seed_is_found_out(clouds):
    count = itertools.count(1)

    def unfair() -> nn.Module:
        model = nn.Linear(2, 2)
        model.weight.data *= next(count)
        return model

    with pytest.raises(ValueError, match="clouds: Gradient descent and SGD did not start"):
        race(replace(clouds, make_model=unfair))


def test_a_race_run_again_is_read_and_not_run(clouds, tmp_path):
    first = race(clouds, out=tmp_path)
    seen = []
    second = race(clouds, out=tmp_path, on_progress=lambda who, run: seen.append(who.key))
    assert seen == []
    assert second.records == first.records


def test_an_interrupted_race_ends_like_one_that_was_not(clouds, tmp_path):
    whole = race(clouds, out=tmp_path / "whole")

    def pull_the_plug(who, run):
        if who.key == "momentum" and run.history[-1].epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        race(clouds, out=tmp_path / "cut", on_progress=pull_the_plug)
    resumed = race(clouds, out=tmp_path / "cut")
    for one, other in zip(whole.records, resumed.records, strict=True):
        assert [e.train for e in one.history] == [e.train for e in other.history]
        assert one.test == other.test


def test_what_is_written_is_what_was_returned(clouds, tmp_path):
    result = race(clouds, out=tmp_path)
    assert Result.read(tmp_path) == result


def test_each_contestant_has_the_folder_of_an_ordinary_run(clouds, tmp_path):
    result = race(clouds, out=tmp_path)
    for key in result.keys:
        assert {"record.json", "last.pt", "best.pt"} <= {f.name for f in (tmp_path / key).iterdir()}


def test_a_contestant_that_blows_up_is_a_result_and_no_error(clouds):
    wild = replace(clouds, loss=lambda output, targets: (output**2).exp().mean())
    assert len(race(wild).records) == 4


def test_the_generator_of_the_caller_is_left_alone(clouds):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    race(clouds, epochs=1)
    assert torch.equal(torch.rand(3), expected)
