"""Snapshots: the path of a run, kept without changing it."""

import pytest
import torch

from thalweg.train import fit
from thalweg.train.checkpoint import BEST, LAST, load
from thalweg.train.snapshot import FOLDER, kept_steps, snapshots

RUN = {"rule": "sgd", "hypers": {"lr": 1e-3}, "epochs": 3}


@pytest.mark.parametrize("keep", [2, 3, 10, 50])
@pytest.mark.parametrize("total", [1, 7, 1000])
def test_first_and_last_step_are_kept_and_no_more_than_asked_for(total, keep):
    steps = kept_steps(total, keep)
    assert {0, total} <= steps
    assert len(steps) <= keep
    assert min(steps) == 0
    assert max(steps) == total


def test_nothing_is_kept_unless_asked_for(tmp_path):
    assert kept_steps(100, 0) == frozenset()
    fit("diabetes", **RUN, out=tmp_path)
    assert snapshots(tmp_path) == []
    assert not (tmp_path / FOLDER).exists()


def test_snapshots_go_from_the_first_weights_to_the_last_and_change_no_run(tmp_path):
    plain = fit("diabetes", **RUN, out=tmp_path / "plain")
    kept = fit("diabetes", **RUN, out=tmp_path / "kept", keep=10)
    ends = [load(tmp_path / name / LAST, {"model"})["model"] for name in ("plain", "kept")]
    for name, value in ends[0].items():
        assert torch.equal(value, ends[1][name])
    assert plain.history[-1].train == kept.history[-1].train
    path = snapshots(tmp_path / "kept")
    steps = [step for step, _ in path]
    assert steps == sorted(kept_steps(kept.history[-1].step, 10))
    for name, value in path[-1][1].items():
        assert torch.equal(value, ends[1][name])
    assert (tmp_path / "kept" / BEST).exists()


def test_a_run_that_was_stopped_ends_with_the_same_snapshots(tmp_path):
    fit("diabetes", **RUN, out=tmp_path / "whole", keep=12)

    def stop(record):
        if record.history[-1].epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit("diabetes", **RUN, out=tmp_path / "torn", keep=12, on_epoch=stop)
    fit("diabetes", **RUN, out=tmp_path / "torn", keep=12)
    one, other = snapshots(tmp_path / "whole"), snapshots(tmp_path / "torn")
    assert [step for step, _ in one] == [step for step, _ in other]
    for (_, left), (_, right) in zip(one, other, strict=True):
        assert all(torch.equal(left[name], right[name]) for name in left)


def test_a_run_that_ends_early_keeps_its_end(tmp_path):
    record = fit("diabetes", **RUN, out=tmp_path, keep=6, stop=lambda r: r.history[-1].epoch == 1)
    assert record.status == "hopeless"
    assert snapshots(tmp_path)[-1][0] == record.history[-1].step


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="50 snapshots are usual"):
        fit("diabetes", keep=-1)
