"""Nothing outside of the chosen folder is read, whatever lies in it and whenever it came there."""

import os

import pytest

from thalweg.serve import limit
from thalweg.serve.folder import Folder


@pytest.fixture
def root(tmp_path):
    """A folder with two runs and a race, and a secret beside it."""
    inside = tmp_path / "runs"
    for name, record in (("one", "record.json"), ("two", "record.json"), ("a/b", "race.json")):
        (inside / name).mkdir(parents=True)
        (inside / name / record).write_text("{}")
        (inside / name / "page.html").write_text(f"page of {name}")
    (inside / "empty").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "page.html").write_text("secret")
    (outside / "record.json").write_text("{}")
    return inside


def by_name(folder):
    return {one.name: one for one in folder.runs()}


def test_runs_and_races_are_found_and_read(root):
    (root / "two" / "terrain.json").write_text("[]")
    folder = Folder(root)
    found = by_name(folder)
    assert {name: (one.kind, one.report, one.terrain) for name, one in found.items()} == {
        "a/b": ("race", True, False),
        "one": ("run", True, False),
        "two": ("run", True, True),
    }
    assert folder.read(found["a/b"].id, "page.html") == b"page of a/b"
    assert folder.read(found["two"].id, "terrain.json") == b"[]"


def test_the_folder_may_be_a_run_itself(root):
    folder = Folder(root / "one")
    (found,) = folder.runs()
    assert folder.read(found.id, "page.html") == b"page of one"


def test_an_id_lasts_as_long_as_the_run_lies_where_it_lies(root):
    first, second = (by_name(Folder(root))["one"].id for _ in range(2))
    assert first == second
    assert "one" not in first


def test_a_run_that_came_later_is_found_by_its_id(root):
    folder = Folder(root)
    folder.runs()
    (root / "late").mkdir()
    (root / "late" / "record.json").write_text("{}")
    (root / "late" / "page.html").write_text("late")
    assert folder.read(by_name(Folder(root))["late"].id, "page.html") == b"late"


@pytest.mark.parametrize(
    "run", ["", ".", "..", "one", "../outside", "/etc", "%2e%2e", "one\x00", "\ud800"]
)
def test_a_path_is_no_id(root, run):
    with pytest.raises(ValueError, match="is not in the folder"):
        Folder(root).read(run, "page.html")


def test_links_are_not_listed(root):
    (root / "linked").symlink_to(root.parent / "outside")
    (root / "half").mkdir()
    (root / "half" / "record.json").symlink_to(root.parent / "outside" / "record.json")
    assert set(by_name(Folder(root))) == {"one", "two", "a/b"}


def test_a_page_that_is_a_link_is_not_read(root):
    folder = Folder(root)
    run = by_name(folder)["one"].id
    (root / "one" / "page.html").unlink()
    (root / "one" / "page.html").symlink_to(root.parent / "outside" / "page.html")
    with pytest.raises(ValueError, match="can't be read"):
        folder.read(run, "page.html")


@pytest.mark.parametrize("name", ["a", "a/b"])
def test_a_folder_that_became_a_link_is_not_entered(root, name):
    folder = Folder(root)
    run = by_name(folder)["a/b"].id
    (root.parent / "outside" / "b").symlink_to(root.parent / "outside")
    (root / name).rename(root.parent / "moved")
    (root / name).symlink_to(root.parent / "outside")
    with pytest.raises(ValueError, match="can't be read"):
        folder.read(run, "page.html")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(root):
    folder = Folder(root)
    run = by_name(folder)["one"].id
    (root / "one" / "page.html").unlink()
    os.mkfifo(root / "one" / "page.html")
    with pytest.raises(ValueError, match="not a plain file"):
        folder.read(run, "page.html")


def test_a_file_that_is_too_long_is_not_read(root, monkeypatch):
    folder = Folder(root)
    monkeypatch.setattr(limit, "FILE", 10)
    with pytest.raises(ValueError, match="longer than 10 bytes"):
        folder.read(by_name(folder)["one"].id, "page.html")


def test_a_loop_of_folders_and_a_deep_one_end(root):
    (root / "one" / "self").symlink_to(root)
    deep = root.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    (deep / "record.json").write_text("{}")
    assert set(by_name(Folder(root))) == {"one", "two", "a/b"}


def test_no_more_runs_are_listed_than_a_page_can_show(root, monkeypatch):
    monkeypatch.setattr(limit, "RUNS", 2)
    assert len(Folder(root).runs()) == 2


def test_a_folder_that_is_not_there_is_said_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for name in ("nothing", "file"):
        with pytest.raises(ValueError, match=f"{name}: there is no such folder"):
            Folder(tmp_path / name)
