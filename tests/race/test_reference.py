"""A worker finds the task of the referee, however the referee came by it."""

import os
import pickle
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.race.odd import TASK
from thalweg import tasks
from thalweg.race.reference import Reference


def elsewhere(reference: Reference, folder, code: str) -> str:
    """What a fresh process prints that stands in another folder and gets only the bytes."""
    prelude = "import pickle, sys; reference = pickle.load(sys.stdin.buffer); "
    library = os.pathsep.join(path for path in sys.path if path and not path.startswith("/tmp"))
    return subprocess.run(
        [sys.executable, "-c", prelude + code],
        input=pickle.dumps(reference),
        stdout=subprocess.PIPE,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": library},
    ).stdout.decode()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "here" / "my.py"
    path.parent.mkdir()
    path.write_text(TASK)
    return path


def test_a_name_travels_as_a_name():
    reference = Reference.of("digits")
    assert len(pickle.dumps(reference)) < 100
    assert pickle.loads(pickle.dumps(reference)).find().name == "digits"


def test_a_file_is_found_from_another_folder(file, tmp_path, monkeypatch):
    monkeypatch.chdir(file.parent)
    told = elsewhere(Reference.of("my.py:TASK"), tmp_path, "print(reference.find().name)")
    assert told == "odd\n"


def test_a_task_of_a_file_that_was_found_already_takes_its_code_along(file, tmp_path):
    """Its module has no name under which another process could import it."""
    reference = Reference.of(tasks.find(f"{file}:TASK"))
    packed = pickle.dumps(reference)
    file.unlink()
    told = elsewhere(
        pickle.loads(packed), tmp_path, "task = reference.find(); print(task.loss, task.make_model)"
    )
    assert "cross_entropy" in told
    assert "make_model" in told


def test_a_task_made_in_code_is_the_same_after_its_travel():
    weight = torch.arange(6.0).reshape(3, 2)

    class Net(nn.Module):
        def forward(self, x):
            return x @ weight

    task = replace(tasks.find("bowl"), name="mine", make_model=Net)
    back = pickle.loads(pickle.dumps(Reference.of(task))).find()
    assert back.name == "mine"
    assert back.make_model()(torch.eye(3)).equal(weight)


def test_a_task_is_unpickled_once_a_process():
    task = replace(tasks.find("bowl"), name="mine", make_model=lambda: nn.Linear(1, 1))
    packed = pickle.dumps(Reference.of(task))
    assert pickle.loads(packed).find() is pickle.loads(packed).find()
    other = pickle.dumps(Reference.of(replace(task, epochs=7)))
    assert pickle.loads(other).find() is not pickle.loads(packed).find()


def test_the_data_are_read_once_a_process():
    reads = []
    bowl = tasks.find("bowl")

    def load():
        reads.append(1)
        return bowl.load()

    reference = Reference.of(replace(bowl, load=load))
    reference.find().load()
    assert reference.find().load() is reference.find().load()
    assert reads == [1]


def test_a_task_that_cannot_travel_says_the_ways_out():
    lock = threading.Lock()
    reference = Reference.of(replace(tasks.find("bowl"), load=lambda: lock))
    with pytest.raises(ValueError, match="bowl: can't be sent to another process") as caught:
        reference.pack()
    assert "on='here'" in str(caught.value)
    assert "file.py:name" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert reference.find().load() is lock  # here it needs no travel


def test_a_name_that_is_none_is_refused_when_it_is_looked_for():
    with pytest.raises(ValueError, match="task 'digit' is unknown"):
        Reference.of("digit").find()
