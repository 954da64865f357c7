"""One process in a folder at a time, and only in one that can be written."""

import os
from pathlib import Path

import pytest

from thalweg.train.folder import locked


def test_a_second_run_in_the_same_folder_is_refused(tmp_path):
    refusal = pytest.raises(ValueError, match=f"process {os.getpid()} is training here")
    with locked(tmp_path), refusal, locked(tmp_path):
        pass
    with locked(tmp_path):  # and it is free again
        pass


def test_the_refusal_says_what_goes_on(tmp_path):
    refusal = pytest.raises(ValueError, match=f"process {os.getpid()} is racing here; wait")
    with locked(tmp_path, "racing"), refusal, locked(tmp_path):
        pass


@pytest.mark.parametrize("where", ["file/run", "file"])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path, where):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="cannot be written"), locked(tmp_path / where):
        pass


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder nobody can write")
def test_a_folder_that_cannot_be_written_is_refused():
    with pytest.raises(ValueError, match="cannot be written"), locked(Path("/proc/self")):
        pass
