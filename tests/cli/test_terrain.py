"""`thalweg terrain`: draws, shows, goes on, and complains in one line."""

import json
import re

import pytest

from thalweg.cli.terrain import read_window
from thalweg.terrain.result import Terrain


def test_a_surface_is_drawn_into_a_folder(call, place):
    result = call("terrain", "bowl", "--rules", "sgd", "--steps", 5, "--size", 11, "--out", "hill")
    assert result.exit_code == 0, result.output
    assert "page: hill/terrain.html" in result.stdout
    assert (place / "hill" / "terrain.html").is_file()
    assert Terrain.read("hill").tracks[0].rule == "sgd"


def test_a_run_is_drawn_into_its_own_folder_and_goes_on(call, place):
    run = ["train", "mine.py:clouds", "--epochs", 2, "--keep", 8, "--out", "run"]
    assert call(*run).exit_code == 0
    ask = ["terrain", "run", "--size", 5, "--task", "mine.py:clouds"]
    first = call(*ask)
    assert first.exit_code == 0, first.output
    assert "standard error" in first.stdout
    assert "of a random walk" in first.stdout
    assert (place / "run" / "terrain.html").is_file()
    before = json.loads((place / "run" / "terrain.json").read_text())["ground"]
    assert call(*ask).exit_code == 0
    assert json.loads((place / "run" / "terrain.json").read_text())["ground"] == before


def test_every_option_reaches_the_slice(call, place):
    assert call("train", "mine.py:clouds", "--epochs", 1, "--out", "run").exit_code == 0
    options = ["--directions", "hessian", "--size", 3, "--samples", 7, "--range", "0.5"]
    options += ["--seed", 3, "--mode", "running", "--out", "there", "--task", "mine.py:clouds"]
    result = call("terrain", "run", *options)
    assert result.exit_code == 0, result.output
    made = Terrain.read("there")
    assert made.directions == "hessian"
    assert made.ground.domain == ((-0.5, 0.5), (-0.5, 0.5))
    assert made.samples == 7


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "neither the folder of a run"),
        (["bowl", "--rules", "adm"], "adm"),
        (["bowl", "--range", "wide"], "--range 'wide' can't be read"),
    ],
)
def test_bad_input_is_one_line(arguments, words, call):
    result = call("terrain", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(re.findall("\n", result.stderr)) == 1


def test_a_window_is_a_half_width_or_four_ends():
    assert read_window(None) is None
    assert read_window("-1:2,3:4") == ((-1.0, 2.0), (3.0, 4.0))


@pytest.mark.parametrize("text", ["0", "1e300", "nan", "2:1,0:1", "-1:inf,0:1"])
def test_a_range_without_room_or_without_end_is_refused(text):
    with pytest.raises(ValueError, match="from a smaller to a larger number, within 1e"):
        read_window(text)
