"""What comes over the websocket is what Python says, and nothing that comes in ends it."""

import asyncio
import json
import random
from contextlib import ExitStack, suppress
from itertools import pairwise
from socket import SHUT_RDWR

import pytest
from starlette.websockets import WebSocketState
from websockets.exceptions import ConnectionClosed, InvalidStatus

from thalweg import rules, tasks
from thalweg.serve import limit
from thalweg.serve.ask import hypers
from thalweg.serve.preset import RATES
from thalweg.serve.talk import Talk
from thalweg.serve.worker import Workers
from thalweg.terrain.attraction import attraction
from thalweg.terrain.feature import landmarks
from thalweg.terrain.ground import survey
from thalweg.terrain.track import track

RUNNERS = [
    {"label": "Gradient descent", "rule": "sgd", "hypers": {"lr": 0.004}, "noise": False},
    {"label": "M", "rule": "sgd", "hypers": {"lr": 0.004, "momentum": {"ramp": [0.5, 0.9, 40]}}},
    {"label": "Adam", "rule": "adam", "hypers": {"lr": 0.3, "beta2": 0.99}},
    {"label": "too far", "rule": "sgd", "hypers": {"lr": 1e9}},
]
TRACKS = {
    "ask": "tracks",
    "surface": "ravine",
    "start": [-1.7, 0.2],
    "steps": 60,
    "noise": 0.015,
    "seed": 5,
    "runners": RUNNERS,
}


def plain(value):
    """A Python result as a browser reads it."""
    return json.loads(json.dumps(value))


def mine(runner):
    """Python's own track."""
    return track(
        tasks.surface("ravine"),
        runner["rule"],
        start=(-1.7, 0.2),
        hypers=dict(hypers(rules.find(runner["rule"]), runner["hypers"])),
        steps=60,
        noise=0.015,
        batch=1 if runner.get("noise", True) else None,
        seed=5,
    )


def test_tracks_are_those_of_the_library_to_the_last_bit(running):
    expected = [mine(runner) for runner in RUNNERS]
    told = running.ask(**TRACKS)["answer"]["tracks"]
    assert [one["label"] for one in told] == [one["label"] for one in RUNNERS]
    for own, one in zip(expected, told, strict=True):
        same = plain(own.to_dict())
        for name in ("x", "y", "loss", "gradient", "step", "momentum", "edge", "curvature"):
            assert one[name] == same[name], name
        assert (one["ended"] == "finished") == (own.ended is None)
        assert len(one["lr"]) == len(own)
    assert told[-1]["ended"] != "finished"  # it went too far, and says so


def test_the_learning_rate_of_each_step_is_told(running):
    falling = {"rule": "sgd", "hypers": {"lr": {"ramp": [0.01, 0.0, 4]}}}
    (told,) = running.ask(**{**TRACKS, "steps": 6, "runners": [falling]})["answer"]["tracks"]
    assert told["lr"] == [0.01, 0.0075, 0.005, 0.0025, 0.0, 0.0]


def test_heights_and_features_are_those_of_the_library(running):
    told = running.ask(ask="surface", name="six-hump-camel", size=33)["answer"]
    camel = tasks.surface("six-hump-camel")
    mine = plain(survey(camel, size=33).to_dict())
    assert (told["x"], told["y"]) == (mine["x"], mine["y"])
    # To seven digits: they are drawn, never computed with.
    rounded = [[float(f"{one:.6e}") for one in row] for row in mine["height"]]
    assert told["height"] == rounded != mine["height"]
    features = landmarks(camel)
    assert [(one["x"], one["y"], one["words"]) for one in told["features"]] == [
        (one.x, one.y, one.words) for one in features
    ]
    kinds = [one["kind"] for one in told["features"]]
    assert kinds[:6] == ["global minimum"] * 2 + ["local minimum"] * 4
    assert set(kinds[6:]) == {"pass"}


def test_attraction_is_that_of_the_library(running):
    told = running.ask(ask="attraction", surface="saddle", rule="sgd", hypers={"lr": 0.1}, size=9)
    mine = attraction(tasks.surface("saddle"), "sgd", hypers={"lr": 0.1}, size=9)
    assert told["answer"]["ends"] == mine.index.tolist()
    assert [one["share"] for one in told["answer"]["minima"]] == list(mine.share)


def test_the_catalogue_lists_the_library_and_the_folder(running):
    told = running.ask(ask="catalogue")["answer"]
    assert [one["name"] for one in told["surfaces"]] == [one.name for one in tasks.surfaces()]
    assert [one["name"] for one in told["rules"]] == rules.names()
    assert {(one["name"], one["kind"]) for one in told["runs"]} == {
        ("first", "run"),
        ("deep/race", "race"),
    }


def test_every_slider_ends_at_values_that_the_rule_takes(running):
    told = running.ask(ask="catalogue")["answer"]
    for one in told["rules"]:
        rule = rules.find(one["name"])
        for slider in one["hypers"]:
            assert slider["low"] < slider["high"]
            assert slider["low"] <= slider["default"] <= slider["high"]
            assert slider["low"] > 0 or not slider["log"]
            for end in ("low", "high"):
                assert rule.hypers[slider["name"]].refuse(slider[end]) is None
                assert abs(slider[end]) <= limit.NUMBER  # or the message would be refused


def test_every_preset_goes_down_every_surface_that_it_was_measured_on(running):
    told = running.ask(ask="catalogue")["answer"]
    names = {one["name"] for one in told["surfaces"]}
    for preset in told["presets"]:
        assert {name for name, one in preset["surfaces"].items() if one["lr"] > 0} == names
    with running.talk() as line:
        for number, name in enumerate(sorted(RATES)):
            runners = [
                {
                    "label": preset["label"],
                    "rule": preset["rule"],
                    "hypers": {**preset["hypers"], **preset["surfaces"][name]},
                    "noise": preset["noise"],
                }
                for preset in told["presets"]
            ]
            start = next(one["start"] for one in told["surfaces"] if one["name"] == name)
            asked = {**TRACKS, "surface": name, "start": start, "runners": runners, "steps": 100}
            line.send(json.dumps({"id": number, **asked}))
            for track_ in json.loads(line.recv(timeout=60))["answer"]["tracks"]:
                assert track_["ended"] == "finished"
                assert min(track_["loss"]) < track_["loss"][0]


def test_asks_are_answered_by_their_numbers_whatever_the_order(running):
    with running.talk() as line:
        for number in range(12):
            line.send(
                json.dumps({"id": number, "ask": "surface", "name": "bowl", "size": 2 + number})
            )
        told = [json.loads(line.recv(timeout=60)) for _ in range(12)]
    assert {one["id"]: len(one["answer"]["x"]) for one in told} == {n: 2 + n for n in range(12)}


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "null",
        "[]",
        '{"id":1}',
        '{"id":' + "9" * 5000 + "}",
        b"\x00\xff",
        "[" * 60_000,
        '{"id":1,"ask":"\\ud800"}',
    ],
)
def test_a_malformed_message_gets_a_line_and_the_talk_goes_on(running, message):
    with running.talk() as line:
        line.send(message)
        told = json.loads(line.recv(timeout=30))
        assert set(told) == {"id", "error"}
        assert "\n" not in told["error"]
        assert "sys." not in told["error"]  # Python's own advice is for Python's users
        line.send(json.dumps({"id": 3, "ask": "surface", "name": "bowl", "size": 2}))
        assert json.loads(line.recv(timeout=60))["id"] == 3


def test_a_message_that_is_far_too_long_ends_its_connection_only(running):
    with running.talk() as line, running.talk() as other:
        line.send("x" * (limit.MESSAGE + 1))
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=30)
        other.send("{}")
        assert "error" in other.recv(timeout=30)


def test_who_sends_nothing_but_rubbish_is_let_go_at_last(running, monkeypatch):
    monkeypatch.setattr(limit, "MALFORMED", 20)
    with running.talk() as line:
        for _ in range(20):
            line.send("rubbish")
        for _ in range(20):
            assert "error" in line.recv(timeout=30)
        with pytest.raises(ConnectionClosed, match="1008"):
            line.recv(timeout=30)


def test_more_pages_than_there_is_room_for_are_turned_away(running):
    with ExitStack() as opened:
        for _ in range(limit.CONNECTIONS):
            opened.enter_context(running.talk())
        with pytest.raises(InvalidStatus, match="403"), running.talk():
            pass
    assert "answer" in running.ask(ask="surface", name="bowl", size=2)


def test_the_story_is_seen_at_once(running):
    # What its sentence says: bounces, crawls, runs down the floor, cuts across.
    told = running.ask(ask="catalogue")["answer"]["story"]
    names = ("label", "rule", "hypers", "noise")
    asked = {name: told[name] for name in ("surface", "start", "steps", "noise")}
    runners = [{name: one[name] for name in names} for one in told["runners"]]
    bounces, crawls, runs, cuts = running.ask(ask="tracks", runners=runners, **asked)["answer"][
        "tracks"
    ]

    def across(track_):
        return [y * 3**0.5 / 2 - x / 2 for x, y in zip(track_["x"], track_["y"], strict=True)]

    def along(track_):
        return [x * 3**0.5 / 2 + y / 2 for x, y in zip(track_["x"], track_["y"], strict=True)]

    walls = across(bounces)
    assert all(one * two < 0 for one, two in pairwise(walls))
    assert min(across(crawls)) > 0  # it never reaches the other side
    assert along(crawls)[-1] < 0.85 * along(crawls)[0] < along(bounces)[-1]
    assert max(map(abs, across(runs)[20:])) < 0.25 * max(map(abs, walls[:20]))
    assert runs["loss"][-1] < 0.05 * min(bounces["loss"][-1], crawls["loss"][-1], cuts["loss"][-1])
    assert min(across(cuts)) < -0.2
    inks = {(one["ink"]["light"], one["ink"]["dash"]) for one in told["runners"]}
    assert len(inks) == 4


def test_who_asks_and_does_not_read_piles_up_no_answers():
    # Nothing is read, so no answer leaves: the fifth must not even be computed.
    computed = []

    class Deaf:
        application_state = WebSocketState.CONNECTED

        def __init__(self):
            asked = {"ask": "surface", "name": "bowl", "size": 9}
            self.asks = [json.dumps({"id": number, **asked}) for number in range(20)]

        async def accept(self):
            pass

        async def receive(self):
            if len(self.asks) == 0:
                await asyncio.sleep(60)
            return {"type": "websocket.receive", "text": self.asks.pop()}

        async def send_text(self, text):
            await asyncio.sleep(60)

    class Counting:
        def answer(self, asked, deadline):
            computed.append(asked)
            return "{}"

    async def half_a_second():
        talk = Talk(Counting(), Workers(2, 5))
        with suppress(TimeoutError):
            await asyncio.wait_for(talk(Deaf()), 0.5)

    asyncio.run(half_a_second())
    assert len(computed) == limit.AT_ONCE


def test_who_leaves_in_the_middle_disturbs_nobody(running):
    generator = random.Random(0)
    for _ in range(5):
        with running.talk() as line:
            for number in range(4):
                asked = {**TRACKS, "steps": 1000, "seed": generator.randrange(10**6)}
                line.send(json.dumps({"id": number, **asked}))
            line.socket.shutdown(SHUT_RDWR)
    assert "answer" in running.ask(ask="surface", name="bowl", size=2)
