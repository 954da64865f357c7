"""A run killed at any moment ends as if nothing had happened, and nothing is ever overwritten."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from thalweg.train import Record, fit


def timeless(record):
    return replace(record, history=[replace(line, seconds=0.0) for line in record.history])


def bits(value):
    """A checkpoint with its tensors as bytes."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.numpy().tobytes()
    if isinstance(value, dict):
        return {key: bits(inner) for key, inner in value.items()}
    return [bits(one) for one in value] if isinstance(value, list | tuple) else value


def assert_same(one, other):
    """Weights, optimizer state, best weights and record agree to the bit, apart from seconds."""
    for name in ("last.pt", "best.pt"):
        mine, its = (torch.load(where / name, weights_only=True) for where in (one, other))
        for content in (mine, its):
            content.pop("record", None)
            content.pop("seconds", None)
        assert bits(mine) == bits(its)
    assert timeless(Record.read(one)) == timeless(Record.read(other))


@pytest.fixture
def quick():
    """A folder in memory where there is one: a kill needs no disk, and flushing one takes long."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
    yield Path(folder)
    shutil.rmtree(folder)


class Nursery:
    """Starts the victim's run in a process of its own, and kills it."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [sys.executable, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, rule, folder, seconds=None):
        """Seconds that the run took; None if it was killed, after `seconds`."""
        child, start = int(self.ask(f"{rule} {folder}")), time.perf_counter()
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        status = int(self.ask("ended?"))
        assert status in (0, signal.SIGKILL), "the run failed"
        return None if status else time.perf_counter() - start

    def ask(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def nursery(small):
    nursery = Nursery(small.path)
    yield nursery
    nursery.close()


def kill_until_done(nursery, rule, folder, longest, chance):
    kills = 0
    while nursery.run(rule, folder, chance.uniform(0, longest)) is None:
        kills += 1
        assert kills < 200, "no progress"
    return kills


@pytest.mark.parametrize(
    "wanted", [5, pytest.param(150, marks=pytest.mark.slow)], ids=["few", "many"]
)
@pytest.mark.parametrize("rule", ["torch", "sgd", "adam"])
def test_a_run_killed_at_random_moments_equals_one_that_was_not(nursery, quick, rule, wanted):
    whole = nursery.run(rule, quick / "whole")
    chance, kills, runs = random.Random(wanted), 0, 0
    while kills < wanted:
        folder, runs = quick / f"killed-{runs}", runs + 1
        longest = whole * chance.choice([0.5, 1.0])
        kills += kill_until_done(nursery, rule, folder, longest, chance)
        assert_same(quick / "whole", folder)
    print(f"{kills} kills in {runs} runs of {whole:.2f} s with {rule}")


class Stop(BaseException):
    """Stands for a kill at a chosen moment."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_between_any_two_file_writes_loses_nothing(small, quick, monkeypatch, when):
    """Each rename is a moment at which the folder's files do not belong together."""
    rename, renames = Path.replace, 0

    def stopping(self, target):
        nonlocal renames
        renames += 1
        if renames == last and when == "before":
            raise Stop
        result = rename(self, target)
        if renames == last:
            raise Stop
        return result

    last = 0  # none is the last: the run goes through
    monkeypatch.setattr(Path, "replace", stopping)
    small.train(quick / "whole", epochs=3, checkpoint_every_seconds=60)
    needed = renames
    assert needed > 10
    for last in range(1, needed + 1):
        renames = 0
        with pytest.raises(Stop):
            small.train(quick / f"{last}", epochs=3, checkpoint_every_seconds=60)
        small.train(quick / f"{last}", epochs=3, checkpoint_every_seconds=60)
        assert_same(quick / "whole", quick / f"{last}")


def test_more_epochs_continue_a_finished_run(small, quick):
    small.train(quick / "whole", epochs=6, checkpoint_every_seconds=60)
    first = small.train(quick / "parts", epochs=4, checkpoint_every_seconds=60)
    assert first.status == "finished"
    small.train(quick / "parts", epochs=6, checkpoint_every_seconds=60)
    assert_same(quick / "whole", quick / "parts")


def test_more_patience_continues_a_run_that_stopped_early(small, quick):
    first = small.train(quick, epochs=30, patience=2, checkpoint_every_seconds=60)
    assert first.status == "stopped early"
    again = small.train(quick, epochs=30, patience=2, checkpoint_every_seconds=60)
    assert again == first
    more = small.train(quick, epochs=30, patience=4, checkpoint_every_seconds=60)
    assert len(more.history) > len(first.history)


def test_a_test_part_that_was_left_closed_can_be_opened_later(small, quick):
    whole = small.train(quick / "whole", epochs=3)
    closed = small.train(quick / "later", epochs=3, test=False)
    assert (closed.status, closed.test, closed.gap) == ("finished", None, {})
    assert Record.read(quick / "later") == closed
    stamp = (quick / "later" / "last.pt").stat().st_mtime_ns
    assert small.train(quick / "later", epochs=3, test=False) == closed
    assert (quick / "later" / "last.pt").stat().st_mtime_ns == stamp
    opened = small.train(quick / "later", epochs=3)
    assert timeless(opened) == timeless(whole)
    assert small.train(quick / "later", epochs=3, test=False) == opened  # it stays open


def test_a_hopeless_run_stays_so(small, quick):
    first = small.train(quick, epochs=6, stop=lambda record: len(record.history) == 3)
    assert (first.status, first.history[-1].epoch) == ("hopeless", 2)
    assert small.train(quick, epochs=9) == first


def test_a_finished_run_is_returned_and_its_checkpoint_not_touched(small, tmp_path):
    first = small.train(tmp_path, epochs=2)
    stamp = (tmp_path / "last.pt").stat().st_mtime_ns
    assert small.train(tmp_path, epochs=2) == first
    assert (tmp_path / "last.pt").stat().st_mtime_ns == stamp


@pytest.fixture
def done(small, quick):
    small.train(quick, epochs=2)
    return quick


def contents(folder):
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name != ".lock"}


def adam(params):
    return torch.optim.Adam(params)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"batch": 8}, "batch=16, not 8"),
        ({"batch": None}, "batch=16, not None"),
        ({"seed": 4}, "init=3, not 4, order=3, not 4, dropout=3, not 4"),
        ({"accumulate": 1}, "accumulate=3, not 1"),
        ({"clip_norm": None}, "clip_norm=1.0, not None"),
        ({"rule": adam}, "rule=Annealed, not torch.Adam"),
        ({"epochs": 1}, "epochs=1, but the run there has done 2"),
        ({"resume": False}, "holds a run already"),
    ],
)
def test_other_settings_are_refused_and_nothing_is_overwritten(small, done, changes, says):
    before = contents(done)
    with pytest.raises(ValueError, match=says) as caught:
        small.train(done, **{"epochs": 2, **changes})
    assert str(done) in str(caught.value)
    assert "another folder" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert contents(done) == before


def test_another_task_is_refused(small, done):
    other = replace(small.BLOBS, name="others")
    with pytest.raises(ValueError, match="task=blobs, not others"):
        fit(other, rule=small.annealed, out=done)


@pytest.mark.parametrize("name", ["last.pt", "best.pt"])
def test_a_broken_checkpoint_is_named_and_nothing_is_overwritten(small, done, name):
    best = Record.read(done).best["epoch"]
    small.train(done, epochs=best + 3)  # so that the best is not the last
    if Record.read(done).best["epoch"] == best + 3:
        pytest.skip("the last epoch is the best")
    path = done / name
    path.write_bytes(path.read_bytes()[:500])
    before = contents(done)
    with pytest.raises(ValueError, match=f"{name}: damaged checkpoint") as caught:
        small.train(done, epochs=20)
    assert "\n" not in str(caught.value)
    assert contents(done) == before


@pytest.mark.parametrize("name", ["record.json", "best.pt"])
def test_a_folder_with_only_part_of_a_run_is_refused(small, done, name):
    (done / "last.pt").unlink()
    for other in {"record.json", "best.pt"} - {name}:
        (done / other).unlink()
    before = contents(done)
    with pytest.raises(ValueError, match=rf"holds {name} but no last\.pt"):
        small.train(done)
    assert contents(done) == before


def test_a_lost_record_is_written_again(small, done):
    before = Record.read(done)
    (done / "record.json").unlink()
    after = small.train(done, epochs=3)
    assert after.history[:3] == before.history
    assert Record.read(done) == after


def test_the_folder_is_tried_before_anything_is_loaded(small, tmp_path):
    def load():
        raise AssertionError("data were loaded first")

    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="cannot be written"):
        fit(replace(small.BLOBS, load=load), rule=small.annealed, out=tmp_path / "file")
