"""A race on disk is read back as it was, or refused in one line."""

import json

import pytest

from thalweg.race import Result, race


def test_a_folder_without_a_race_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"race.json: there is no race"):
        Result.read(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"a": 1}', '{"format": 1}'])
def test_a_damaged_race_is_refused(content, tmp_path):
    (tmp_path / "race.json").write_text(content)
    with pytest.raises(ValueError, match="damaged"):
        Result.read(tmp_path)


def test_a_race_of_another_format_is_refused(tmp_path, clouds):
    race(clouds, out=tmp_path, epochs=1)
    plain = json.loads((tmp_path / "race.json").read_text())
    (tmp_path / "race.json").write_text(json.dumps(plain | {"format": 2}))
    with pytest.raises(ValueError, match="format 2, this thalweg reads 1"):
        Result.read(tmp_path)


def test_a_race_that_lost_a_run_is_refused(tmp_path, clouds):
    race(clouds, out=tmp_path, epochs=1)
    (tmp_path / "adam" / "record.json").unlink()
    with pytest.raises(ValueError, match="there is no run"):
        Result.read(tmp_path)
