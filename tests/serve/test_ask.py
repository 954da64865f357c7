"""A message is read as one of a few asks, every number within bounds, or refused in one line."""

import json

import pytest

from thalweg.schedules import ramp
from thalweg.serve import ask, limit

TRACKS = {
    "id": 1,
    "ask": "tracks",
    "surface": "ravine",
    "start": [-1.5, 0.5],
    "steps": 100,
    "noise": 0.01,
    "seed": 3,
    "runners": [{"label": "A", "rule": "sgd", "hypers": {"lr": 0.01}}],
}


def refused(fields):
    with pytest.raises(ValueError, match=r"\S") as caught:
        ask.read(ask.parse(json.dumps(fields)))
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 500
    return line


def test_what_a_page_sends_is_read():
    runner = {
        "label": "M",
        "rule": "sgd",
        "hypers": {"lr": 1, "nesterov": True, "momentum": {"ramp": [0.5, 0.9, 40]}},
        "noise": False,
    }
    found = ask.read(ask.parse(json.dumps({**TRACKS, "runners": [runner]})))
    assert found == ask.Tracks(
        surface="ravine",
        start=(-1.5, 0.5),
        steps=100,
        noise=0.01,
        seed=3,
        runners=(
            ask.Runner(
                "M",
                "sgd",
                (("lr", 1.0), ("momentum", ramp(0.5, 0.9, steps=40)), ("nesterov", True)),
                noise=False,
            ),
        ),
    )
    assert hash(found) == hash(ask.read(ask.parse(json.dumps({**TRACKS, "runners": [runner]}))))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps": limit.STEPS + 1}, "steps=1001"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 1.5}, "steps=1.5"),
        ({"steps": True}, "steps=True"),
        ({"steps": "100"}, "steps='100'"),
        ({"steps": None}, "steps=None"),
        ({"steps": 10**100}, "steps=a number of more than 40 digits"),
        ({"noise": -1}, "noise=-1"),
        ({"noise": 1e308}, "noise=1e"),
        ({"noise": [[]]}, "noise=a list"),
        ({"seed": 2**64}, "seed="),
        ({"seed": -1}, "seed=-1"),
        ({"start": [1]}, "start=a list"),
        ({"start": [1, 2, 3]}, "start=a list"),
        ({"start": [1, "a"]}, "start y='a'"),
        ({"start": [1, 1e9]}, "start y=1"),
        ({"start": 3}, "start=3"),
        ({"surface": "nowhere"}, "surface 'nowhere' is unknown"),
        ({"surface": "../ravine"}, "surface '../ravine' is unknown"),
        ({"surface": "x" * 1000}, "at most 40 letters"),
        ({"surface": {"a": 1}}, "surface=an object"),
        ({"runners": []}, "runners=a list"),
        ({"runners": TRACKS["runners"] * (limit.RUNNERS + 1)}, "1 to 8"),
        ({"runners": [3]}, "runner=3"),
        ({"runners": [{}]}, "rule=None"),
        ({"runners": [{"rule": "adams"}]}, "adam"),
        ({"runners": [{"rule": "os.system"}]}, "os.system"),
        ({"runners": [{"rule": "adam", "label": "x" * 81}]}, "label="),
        ({"runners": [{"rule": "adam", "noise": 1}]}, "noise=1"),
        ({"runners": [{"rule": "adam", "engine": "cpu"}]}, "'engine' is unknown"),
        ({"runners": [{"rule": "adam", "hypers": []}]}, "hypers=a list"),
        ({"runners": [{"rule": "adam", "hypers": {"engine": "cpu"}}]}, "'engine' is unknown"),
        ({"runners": [{"rule": "adam", "hypers": {"lr": -1}}]}, "lr=-1"),
        ({"runners": [{"rule": "adam", "hypers": {"lr": 1e300}}]}, "lr=1e+300"),
        ({"runners": [{"rule": "adam", "hypers": {"lr": "fast"}}]}, "lr='fast'"),
        ({"runners": [{"rule": "adam", "hypers": {"lr": True}}]}, "lr=True"),
        ({"runners": [{"rule": "adam", "hypers": {"beta2": 1.0}}]}, "beta2=1.0"),
        ({"runners": [{"rule": "adam", "hypers": {"amsgrad": "yes"}}]}, "amsgrad='yes'"),
        ({"runners": [{"rule": "sgd", "hypers": {"nesterov": True}}]}, "nesterov=True needs"),
        (
            {"runners": [{"rule": "sgd", "hypers": {"momentum": {"ramp": [0, -1, 9]}}}]},
            "momentum=-1",
        ),
        ({"runners": [{"rule": "sgd", "hypers": {"momentum": {"ramp": [0, 1]}}}]}, "ramp=a list"),
        ({"runners": [{"rule": "sgd", "hypers": {"momentum": {"ramp": [0, 1, 0]}}}]}, "steps=0"),
        ({"runners": [{"rule": "sgd", "hypers": {"momentum": {"cosine": 1}}}]}, "'cosine'"),
        ({"step": 3}, "tracks: 'step' is unknown"),
        ({"ask": "shutdown"}, "ask='shutdown' is unknown"),
        ({"ask": ["tracks"]}, "ask=a list"),
        ({"ask": "surface"}, "surface: 'surface' is unknown"),
    ],
)
def test_what_is_out_of_bounds_is_named_with_what_is_allowed(changed, said):
    assert said in refused({**TRACKS, **changed})


def test_what_is_missing_is_named():
    for name in ("surface", "start", "steps", "runners"):
        fields = {key: value for key, value in TRACKS.items() if key != name}
        assert f"tracks: {name} is missing" in refused(fields)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "{", "[]", "3", "null", '"a"', "NaN", "[" * 60_000, '{"a":' * 10_000),
        *('{"id": Infinity}', "9" * 5000, "\x00", "\ud800", "{'id': 1}", '{"id": 1}}'),
    ],
)
def test_what_is_no_object_is_refused(text):
    with pytest.raises(ValueError, match=r"\S"):
        ask.parse(text)


@pytest.mark.parametrize("number", [None, -1, 1.5, "1", True, 10**30, [], float("inf")])
def test_an_answer_needs_a_number(number):
    with pytest.raises(ValueError, match="id="):
        ask.number_of({"id": number})
    assert ask.number_of({"id": 3}) == 3
