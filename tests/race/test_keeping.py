"""A long run that dies with its worker goes on from its checkpoint, to the same figures."""

import os
import signal
from dataclasses import replace

import pytest
import torch
from torch import nn

import thalweg
from tests.race.test_call import figures
from thalweg.race import plan
from thalweg.race.job import Job
from thalweg.race.perform import perform

QUICK = {"points": 1, "seeds": 6, "epochs": 4, "batched": False}


@pytest.fixture(autouse=True)
def all_are_long(monkeypatch):
    monkeypatch.setattr(plan, "LONG", 0.0)


class Stop(BaseException):
    """As a kill would end it, for `perform` catches no such thing."""


def test_a_run_goes_on_from_its_checkpoint_bit_for_bit(clouds, tmp_path):
    job = Job("", "adam", "", {"lr": 0.05}, batch=8, epochs=4, seed=3, test=True)
    [whole] = perform(clouds, [job])
    calls = []

    def broken(output, targets):
        calls.append(1)
        if len(calls) == 31:  # in the third epoch
            raise Stop
        return nn.functional.cross_entropy(output, targets)

    with pytest.raises(Stop):
        perform(replace(clouds, loss=broken), [job], keep=tmp_path)
    assert (tmp_path / job.id / "last.pt").exists()
    begun = len(calls)

    def counted(output, targets):
        calls.append(1)
        return nn.functional.cross_entropy(output, targets)

    [resumed] = perform(replace(clouds, loss=counted), [job], keep=tmp_path)
    assert len(calls) - begun < begun  # it did not begin anew
    for one, other in zip(whole.history, resumed.history, strict=True):
        assert (one.train, one.validation) == (other.train, other.validation)
    assert (whole.test, whole.best) == (resumed.test, resumed.best)


def test_nothing_is_kept_of_a_race_that_is_done(clouds, tmp_path):
    found = thalweg.race(clouds, ["adam"], out=tmp_path, on="here", **QUICK)
    assert not (tmp_path / "running").exists()
    plain = thalweg.race(clouds, ["adam"], on="here", **QUICK)
    assert figures(found) == figures(plain)


def test_what_is_done_is_deleted_at_once(clouds, tmp_path):
    seen = []

    def look(progress):
        kept = tmp_path / "running"
        seen.append(len(list(kept.iterdir())) if kept.exists() else 0)

    thalweg.race(clouds, ["adam"], out=tmp_path, on="here", on_progress=look, **QUICK)
    assert max(seen) <= 1


def test_a_folder_that_can_not_be_used_does_not_cost_the_run(clouds, tmp_path):
    job = Job("", "adam", "", {"lr": 0.05}, batch=8, epochs=2, seed=3)
    (tmp_path / job.id).write_text("in the way")
    [found] = perform(clouds, [job], keep=tmp_path)
    assert found.status == "finished"


def test_a_killed_worker_is_replaced_and_the_figures_are_the_same(clouds, tmp_path):
    marker = tmp_path / "killed"
    whole = thalweg.race(clouds, ["adam"], on="here", **QUICK)

    def deadly(output, targets):
        if (
            not marker.exists()
            and (tmp_path / "race" / "running").exists()
            and output.shape[0] < 40
        ):
            kept = list((tmp_path / "race" / "running").glob("*/last.pt"))
            if kept and os.getpid() != referee:
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return torch.nn.functional.cross_entropy(output, targets)

    referee = os.getpid()
    task = replace(clouds, loss=deadly)
    found = thalweg.race(task, ["adam"], out=tmp_path / "race", workers=1, **QUICK)
    assert marker.exists()
    ours, theirs = found.entrants[0].finals, whole.entrants[0].finals
    assert [(run.test, run.validation) for run in ours] == [
        (run.test, run.validation) for run in theirs
    ]
