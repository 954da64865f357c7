"""`thalweg race`: one table, one page, and it goes on where it was."""

import re
from pathlib import Path

from thalweg.race import Result

MINE = "mine.py:clouds"


def test_a_race_ends_with_a_table_and_a_page(call, place):
    result = call("race", MINE, "--engine", "eager", "--out", "race")
    assert result.exit_code == 0, result.output
    for name in ("Gradient descent", "SGD", "SGD, momentum 0.5 to 0.9", "Adam"):
        assert re.search(rf"^{name}  ", result.stdout, re.MULTILINE)
    assert "Settings are stated, not tuned" in result.stdout
    assert "page: race/page.html" in result.stdout
    page = (place / "race" / "page.html").read_text(encoding="utf-8")
    assert "thalweg train mine.py:clouds --rule adam" in page


def test_the_same_command_reads_the_finished_race(call):
    first = call("race", MINE, "--engine", "eager")
    second = call("race", MINE, "--engine", "eager")
    assert second.stdout == first.stdout
    assert second.stderr == ""
    assert len(list(Path("runs").iterdir())) == 1


def test_every_option_reaches_the_race(call):
    assert call("race", MINE, "--epochs", 1, "--batch", 8, "--seed", 3, "--out", "r").exit_code == 0
    records = Result.read("r").records
    assert [run.batch for run in records] == [None, 8, 8, 8]
    assert {run.epochs for run in records} == {1}
    assert {run.seeds["order"] for run in records} == {3}


def test_a_surface_is_raced_by_three(call):
    result = call("race", "bowl", "--epochs", 3, "--out", "r")
    assert result.exit_code == 0, result.output
    assert len(Result.read("r").records) == 3


def test_ctrl_c_says_where_the_race_goes_on(call, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("thalweg.race.race", stop)
    result = call("race", MINE, "--out", "r")
    assert result.exit_code == 130
    assert result.stderr == "thalweg: stopped; the same command goes on with the race in r\n"
