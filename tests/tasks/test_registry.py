"""The folder is the registry."""

import subprocess
import sys
from pathlib import Path

import pytest

from thalweg import tasks

ROOM = Path(tasks.__file__).parent


def test_every_name_finds_its_task():
    assert [tasks.find(name).name for name in tasks.names()] == tasks.names()


def test_every_file_of_the_landscape_is_found():
    files = {path.stem.replace("_", "-") for path in ROOM.glob("landscape/[!_]*.py")}
    assert {surface.name for surface in tasks.surfaces()} == files
    assert files < set(tasks.names())


def test_every_file_of_data_is_found():
    files = {path.stem.replace("_", "-") for path in ROOM.glob("dataset/[!_]*.py")} - {"bundled"}
    assert files < set(tasks.names())
    assert {"digits-cnn"} == set(tasks.names()) - files - {s.name for s in tasks.surfaces()}


@pytest.mark.parametrize(
    ("find", "name", "line"),
    [
        (tasks.find, "digit", "task 'digit' is unknown; did you mean digits or digits-cnn?"),
        (tasks.surface, "bowel", "surface 'bowel' is unknown; did you mean bowl or beale?"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(find, name, line):
    with pytest.raises(ValueError, match=f"^{line.replace('?', '.')}$"):
        find(name)


def test_a_name_like_no_other_is_answered_with_all_and_the_way_to_ones_own():
    with pytest.raises(
        ValueError, match=r"there are ackley, .*; your own is path/to/file.py:name$"
    ):
        tasks.find("zzzz")


def test_looking_tasks_up_does_not_import_scikit_learn():
    code = (
        "import sys; from thalweg import tasks; tasks.find('digits'); "
        "assert not {'sklearn', 'scipy', 'plotly'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_task_says_what_it_is():
    for name in tasks.names():
        task = tasks.find(name)
        assert task.about.endswith(".")
        assert task.solved.metric in task.metrics
