"""A slice is shown from its file as it was written, and a damaged file is said in one line."""

import json
import math

import numpy as np
import pytest

from thalweg.serve import window
from thalweg.terrain.feature import Feature
from thalweg.terrain.ground import Ground
from thalweg.terrain.result import Terrain
from thalweg.terrain.trajectory import Trajectory

HEIGHT = np.array([[1.0, 2.0], [math.nan, 0.5]])


@pytest.fixture
def made():
    return Terrain(
        "a net",
        "slice",
        Ground(np.array([0.0, 1.0]), np.array([0.0, 2.0]), HEIGHT, noise=0.01),
        features=[Feature("minimum", 1.0, 2.0, 0.5, "lowest minimum of this slice", "global")],
        trajectories=[Trajectory([0, 5], [0.0, 1.0], [0.0, 2.0], [math.nan, 0.5], [0.9, 0.0])],
        samples=1000,
        mode="recalibrated",
        notes=["Explains 70 %."],
    )


def test_a_slice_is_shown_with_all_that_a_reader_must_know(made):
    shown = window.read(made.to_json().encode(), "run")
    assert shown["height"] == [[1.0, 2.0], [None, 0.5]]
    assert shown["path"] == [
        {"x": 0.0, "y": 0.0, "loss": pytest.approx(math.nan, nan_ok=True), "out": 0.9, "step": 0},
        {"x": 1.0, "y": 2.0, "loss": 0.5, "out": 0.0, "step": 5},
    ]
    assert shown["mode"] == "Batch normalisation: recalibrated."
    assert "1\u202f000 samples" in shown["noise"]
    assert "0.03" in shown["noise"]
    assert shown["variance"] == "Explains 70 %."
    assert shown["features"][0]["kind"] == "global minimum"


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"[]", b"null", b"\x80\x04\x95", b"[" * 100_000, b'{"format": 1}', b"\xff"),
        *(b'{"format": 2}', b'{"format": true}', b'{"format": 1, "ground": {"x": []}}'),
    ],
)
def test_a_damaged_file_is_said_in_one_line(text):
    with pytest.raises(ValueError, match=r"^run: "):
        window.read(text, "run")


def outcome(text):
    """What a file shows, or what is said of it."""
    try:
        return window.read(text, "run")
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("name", list(Terrain.__dataclass_fields__))
@pytest.mark.parametrize("odd", [None, 3, "x", [3], {"a": []}, [[[]]]])
def test_a_field_of_another_kind_is_shown_or_refused(made, name, odd):
    found = outcome(json.dumps({**made.to_dict(), name: odd}).encode())
    assert found.startswith("run: ") if isinstance(found, str) else found["height"]
