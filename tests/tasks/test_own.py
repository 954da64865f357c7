"""The user's own task: found, or refused in one line that says why."""

import pickle

import pytest
import torch

from thalweg import tasks

GOOD = """
from torch import nn
from thalweg.tasks import surface
bowl = surface("bowl").task()
number = 3
def make(): return bowl
def make_with(lr): return bowl
def broken():
    return 1 / 0
def wrong(): return 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my_task.py"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize("name", ["bowl", "make"])
def test_a_task_and_a_function_that_returns_one_are_found(file, name):
    assert tasks.find(f"{file}:{name}").name == "bowl"


def test_a_file_may_import_its_neighbour(tmp_path):
    (tmp_path / "neighbour_of_mine.py").write_text("from thalweg.tasks import find\n")
    (tmp_path / "mine.py").write_text("from neighbour_of_mine import find\nt = find('bowl')\n")
    assert tasks.find(f"{tmp_path / 'mine.py'}:t").name == "bowl"


def test_two_files_of_one_name_are_two_modules(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "my.py").write_text(
            "from dataclasses import replace\nfrom thalweg.tasks import find\n"
            f"def load(): return 1\nt = replace(find('bowl'), name='{folder}', load=load)\n"
        )
    found = [tasks.find(f"{tmp_path / folder / 'my.py'}:t") for folder in ("one", "two")]
    assert [task.name for task in found] == ["one", "two"]
    # Pickle looks a function up by its module's name, and must not find the other one.
    for task in found:
        assert pickle.loads(pickle.dumps(task.load)) is task.load


THERE = r"it has bowl, make \(a function\), broken \(a function\), wrong \(a function\)$"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (":bowel", rf"has no 'bowel'; {THERE}"),
        ("", rf"needs a name after it, as in file.py:name; {THERE}"),
        (":number", rf"number is a int, not a Task .*; {THERE}"),
        (":nn", r"nn is a module, not a Task"),
        (":wrong", r"wrong is a int, not a Task"),
        (":make_with", r"make_with needs arguments \(lr\); give none$"),
        (":broken", r"failed: ZeroDivisionError in my_task.py, line 9: division by zero$"),
    ],
)
def test_what_is_no_task_is_refused_in_one_line(file, name, line):
    with pytest.raises(ValueError, match=line) as caught:
        tasks.find(f"{file}{name}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\n1 / 0\n", r"ZeroDivisionError in bad.py, line 2: division by zero$"),
        ("x = 1\ny = (\n", r"SyntaxError in bad.py, line 2: '\(' was never closed$"),
        ("import no_such_module_here\n", r"ModuleNotFoundError in bad.py, line 1: No module"),
        ("import sys\nsys.exit(3)\n", r"SystemExit in bad.py, line 2: 3$"),
        ("raise ValueError('two\\nlines')\n", r"ValueError in bad.py, line 1: two lines$"),
        ("x = 1\0\n", r"failed: \w+"),
    ],
)
def test_a_file_that_fails_is_named_with_its_line(tmp_path, text, line):
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=line) as caught:
        tasks.find(f"{path}:task")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["no/such/file.py:task", "no/such/file.py", "x.py:"])
def test_a_missing_file_is_named(place):
    with pytest.raises(ValueError, match=r"there is no file '[^']*\.py:?'$"):
        tasks.find(place)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "bytes.py"
    path.write_bytes(b"\xff\xfe\x00x = 1")
    with pytest.raises(ValueError, match=r"bytes.py failed: SyntaxError"):
        tasks.find(f"{path}:task")


def test_a_task_from_a_file_trains(file):
    task = tasks.find(f"{file}:bowl")
    data = tasks.check(task)
    model = task.make_model()
    task.loss(model(data.train.inputs), data.train.targets).backward()
    assert torch.isfinite(model.point.grad).all()
