"""A file is the old one or the new one, whole."""

import pytest

from thalweg.train.atomic import replace


def test_a_failure_half_way_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fill(file):
        file.write(b"ne")
        raise OSError(28, "No space left on device")

    with pytest.raises(ValueError, match=r"No space left on device.*untouched"):
        replace(path, fill)
    assert path.read_bytes() == b"old"


def test_what_a_kill_left_behind_is_taken_over(tmp_path):
    path = tmp_path / "file"
    (tmp_path / ".file.tmp").write_bytes(b"left over, and longer than the new one")
    replace(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_the_bytes_reach_the_disk_before_the_name_does(tmp_path, monkeypatch):
    import os
    import pathlib

    order = []
    fsync, rename = os.fsync, pathlib.Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("flush"), fsync(handle))[1])
    monkeypatch.setattr(
        pathlib.Path, "replace", lambda one, to: (order.append("rename"), rename(one, to))[1]
    )
    replace(tmp_path / "file", lambda file: file.write(b"new"))
    assert order == ["flush", "rename", "flush"]
