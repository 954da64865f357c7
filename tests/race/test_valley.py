"""Gradient descent crawls, SGD zigzags, momentum runs down the floor, Adam cuts across."""

import math

import numpy as np
import pytest

from thalweg.race.valley import NEAR, START, STEPS, Valley, walk


@pytest.fixture(scope="module")
def valley():
    return walk()


@pytest.fixture(scope="module")
def tracks(valley):
    return dict(zip(("descent", "sgd", "momentum", "adam"), valley.tracks, strict=True))


def heading(track, steps: int) -> float:
    """Angle in degrees between the way gone in the first steps and the valley's floor."""
    way = math.atan2(track.y[steps] - track.y[0], track.x[steps] - track.x[0])
    return abs(math.degrees(way) - 30)


def test_gradient_descent_crawls(tracks):
    descent = tracks["descent"]
    strides = np.hypot(np.diff(descent.x), np.diff(descent.y))
    assert descent.crossings <= 1
    assert strides[-1] < 0.02 * strides[0]
    assert descent.arrived is None
    assert descent.away == max(track.away for track in tracks.values())


def test_sgd_zigzags(tracks):
    others = [track.crossings for name, track in tracks.items() if name != "sgd"]
    assert tracks["sgd"].crossings > 4 * max(others)


def test_momentum_runs_down_the_floor(tracks):
    momentum = tracks["momentum"]
    late = np.array([momentum.x[20:], momentum.y[20:]])
    across = np.abs(late[1] * math.cos(math.pi / 6) - late[0] * math.sin(math.pi / 6))
    assert across.max() < 0.15
    assert momentum.arrived == min(t.arrived for t in tracks.values() if t.arrived is not None)


def test_adam_cuts_across(tracks):
    # Straight down the wall is 90 degrees from the floor, where the others go.
    assert heading(tracks["adam"], 3) < 80
    for name in ("descent", "sgd", "momentum"):
        assert heading(tracks[name], 1) > 87


def test_all_start_at_one_point_and_take_as_many_steps(tracks):
    assert {(track.x[0], track.y[0]) for track in tracks.values()} == {START}
    assert {len(track.x) for track in tracks.values()} == {STEPS + 1}


def test_gradient_descent_follows_the_closed_form(tracks):
    """On the mean of the shifted ravines each axis shrinks by 1 - lr * curvature a step."""
    turn = np.array([[3**0.5 / 2, 1 / 2], [-1 / 2, 3**0.5 / 2]])
    start = turn @ START
    factors = 1 - 0.004 * np.array([1.0, 100.0])
    end = turn.T @ (factors**STEPS * start)
    assert (tracks["descent"].x[-1], tracks["descent"].y[-1]) == pytest.approx(tuple(end), rel=1e-9)


def test_arrived_means_near_for_good(tracks):
    for track in tracks.values():
        distance = np.hypot(track.x, track.y)
        if track.arrived is not None:
            assert distance[track.arrived - 1] > NEAR >= distance[track.arrived :].max()
        else:
            assert distance[-1] > NEAR


def test_every_point_of_every_track_is_on_the_map(valley):
    for track in valley.tracks:
        assert valley.x[0] <= min(track.x) <= max(track.x) <= valley.x[-1]
        assert valley.y[0] <= min(track.y) <= max(track.y) <= valley.y[-1]


def test_a_valley_survives_json(valley):
    import json

    assert Valley.from_dict(json.loads(json.dumps(valley.to_dict()))) == valley


def test_the_seed_fixes_the_walk(valley):
    assert walk(0) == valley
    assert walk(1) != valley


def test_a_crossing_goes_from_one_wall_to_the_other(tracks):
    for track in tracks.values():
        side, count = 0, 0
        for x, y in zip(track.x, track.y, strict=True):
            across = y * math.cos(math.pi / 6) - x * math.sin(math.pi / 6)
            if abs(across) > 0.01:
                now = 1 if across > 0 else -1
                count += side * now < 0
                side = now
        assert track.crossings == count
