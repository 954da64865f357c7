"""A track is what the library's own optimizer does, step by step, and tells what it saw."""

import json

import numpy as np
import pytest
import torch

from thalweg import optim, rules, tasks
from thalweg.schedules import ramp
from thalweg.terrain.track import Track, track

RAVINE = tasks.surface("ravine")


def by_torch(make, surface, start, steps):
    point = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make([point])
    places = [point.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        surface.f(*point.unbind()).backward()
        optimizer.step()
        places.append(point.detach().clone())
    return torch.stack(places).numpy()


@pytest.mark.parametrize(
    ("rule", "hypers", "make"),
    [
        ("sgd", {"lr": 0.01}, lambda p: torch.optim.SGD(p, lr=0.01)),
        (
            "sgd",
            {"lr": 0.01, "momentum": 0.9, "nesterov": True},
            lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
        ),
        (
            "adam",
            {"lr": 0.1, "beta1": 0.8},
            lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.8, 0.999)),
        ),
        ("rmsprop", {"lr": 0.02}, lambda p: torch.optim.RMSprop(p, lr=0.02)),
    ],
)
def test_a_track_goes_where_torchs_own_optimizer_goes(rule, hypers, make):
    surface = tasks.surface("himmelblau")
    found = track(surface, rule, hypers=hypers, steps=100)
    expected = by_torch(make, surface, surface.start, 100)
    assert np.stack([found.x, found.y], axis=1) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found.ended is None


def test_momentum_on_a_schedule_is_that_schedule():
    hypers = {"lr": 0.004, "momentum": ramp(0.5, 0.9, steps=40)}
    found = track(RAVINE, "sgd", hypers=hypers, steps=60)
    point = torch.tensor(RAVINE.start, dtype=torch.float64)
    speed = torch.zeros(2, dtype=torch.float64)
    for step in range(60):
        point.requires_grad_()
        (slope,) = torch.autograd.grad(RAVINE.f(*point.unbind()), point)
        keep = 0.5 + 0.4 * min(step / 40, 1.0)
        speed = slope + (keep * speed if step else 0)
        point = (point - 0.004 * speed).detach()
    assert (found.x[-1], found.y[-1]) == pytest.approx(point.tolist(), rel=1e-9)
    assert found.hypers["momentum"]["kind"] == "ramp"


def test_the_four_walkers_of_the_race_page_are_followed_bit_for_bit():
    """Gradient descent and SGD with momentum by sample, as `thalweg.race.valley` walks them."""
    from thalweg.race import valley

    walked = valley.walk(seed=3, steps=50)
    for walker, there in zip(valley.WALKERS, walked.tracks, strict=True):
        here = track(
            RAVINE,
            walker.rule,
            start=valley.START,
            hypers=walker.hypers,
            steps=50,
            noise=valley.SHIFT,
            batch=None if walker.full else 1,
            samples=valley.SAMPLES,
            seed=3,
        )
        assert (here.x, here.y, here.loss) == (there.x, there.y, there.loss)
        assert here.hypers == there.hypers


def test_each_step_tells_its_gradient_its_way_and_what_the_rule_remembers():
    found = track(RAVINE, "sgd", hypers={"lr": 0.01, "momentum": 0.5}, steps=20)
    assert len(found) == 20
    places = np.stack([found.x, found.y], axis=1)
    assert np.diff(places, axis=0) == pytest.approx(np.array(found.step))
    turn = np.array([[3**0.5 / 2, 1 / 2], [-1 / 2, 3**0.5 / 2]])
    hessian = turn.T @ np.diag([1.0, 100.0]) @ turn
    assert np.array(found.gradient) == pytest.approx(places[:-1] @ hessian)
    speed = np.zeros(2)
    for number, (slope, kept) in enumerate(zip(found.gradient, found.momentum, strict=True)):
        speed = np.array(slope) + (0.5 * speed if number else 0)
        assert kept == pytest.approx(speed)
    heights = np.einsum("ni,ij,nj->n", places, hessian, places) / 2
    assert found.loss == pytest.approx(heights)
    assert found.curvature == pytest.approx([100.0] * 21)


def test_a_rule_that_remembers_or_divides_by_nothing_says_none():
    found = track(RAVINE, "sgd", hypers={"lr": 0.01}, steps=3)
    assert found.momentum is None
    assert found.divisor is None
    assert track(RAVINE, "adam", steps=3).divisor is not None


def test_a_batch_sees_the_mean_of_its_samples_and_all_of_them_the_whole():
    flat = {"lr": 1e-12}  # so that every step stands at the start
    steps = {"hypers": flat, "noise": 0.1, "samples": 6, "seed": 5}
    single = track(RAVINE, "sgd", steps=6, batch=1, **steps)
    pairs = track(RAVINE, "sgd", steps=3, batch=2, **steps)
    whole = track(RAVINE, "sgd", steps=1, batch=None, **steps)
    one = np.array(single.gradient)
    assert one.reshape(3, 2, 2).mean(1) == pytest.approx(np.array(pairs.gradient))
    assert one.mean(0) == pytest.approx(np.array(whole.gradient[0]))
    # The shifts add up to nothing, so on a quadratic the whole sees the clean slope.
    clean = track(RAVINE, "sgd", steps=1, hypers=flat)
    assert whole.gradient[0] == pytest.approx(clean.gradient[0])
    assert np.ptp(one, axis=0).min() > 0.1


def test_the_seed_fixes_the_noise():
    walks = [
        track(RAVINE, "sgd", hypers={"lr": 0.01}, steps=9, noise=0.1, seed=seed).x
        for seed in (1, 1, 2)
    ]
    assert walks[0] == walks[1] != walks[2]


def test_a_track_that_leaves_all_finite_ground_ends_there_and_says_so():
    found = track(tasks.surface("himmelblau"), "sgd", hypers={"lr": 1.0}, steps=50)
    assert found.ended
    assert found.ended.startswith("step ")
    assert len(found) < 50
    for name in ("x", "y", "loss"):
        assert np.isfinite(getattr(found, name)).all()
        assert len(getattr(found, name)) == len(found) + 1
    for name in ("gradient", "step"):
        assert len(getattr(found, name)) == len(found)
    assert len(found.curvature) == len(found.edge) == len(found) + 1
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_wall_without_slope_ends_a_track():
    found = track(lambda x, y: x.abs().sqrt() + y, "sgd", start=(0.0, 0.0), steps=5)
    assert len(found) == 0
    assert found.ended == "step 1: the slope is not finite"


def test_level_ground_moves_nothing():
    found = track(lambda x, y: 0 * x + 3.0, "adam", start=(1.0, 2.0), steps=4)
    assert found.x == [1.0] * 5
    assert found.edge == [None] * 5


@pytest.mark.parametrize("rule", rules.names())
def test_every_rule_can_be_sent_over_a_surface(rule):
    found = track(tasks.surface("bowl"), rule, steps=4)
    assert found.ended is None
    assert len(found) == 4
    assert Track.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_a_function_needs_a_start_and_a_surface_has_one():
    with pytest.raises(ValueError, match=r"no start of its own; say start=\(x, y\)"):
        track(lambda x, y: x * y, "sgd")
    assert (track(RAVINE, "sgd", steps=1).x[0], RAVINE.start[0]) == (-1.5, -1.5)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"steps": 0}, r"steps=0 is outside \[1, 100000\]"),
        ({"noise": -1.0}, r"noise=-1.0 is outside"),
        ({"noise": float("nan")}, r"noise=nan is outside"),
        ({"batch": 17}, r"batch=17 is outside \[1, 16\]"),
        ({"samples": 0}, r"samples=0 is outside"),
        ({"start": (0.0, float("inf"))}, r"start=\(0.0, inf\) is not two finite numbers"),
        ({"hypers": {"lr": -1.0}}, r"sgd: lr=-1.0 is outside"),
    ],
)
def test_bad_input_gets_one_clear_line(given, line):
    with pytest.raises(ValueError, match=line):
        track(RAVINE, "sgd", **given)


def test_the_user_s_random_state_and_engine_cache_are_left_alone():
    before = torch.get_rng_state()
    track(RAVINE, "sgd", steps=3, noise=0.1)
    assert torch.equal(before, torch.get_rng_state())


def test_the_last_point_is_where_the_optimizer_itself_stands():
    point = torch.tensor((0.3, 0.4), dtype=torch.float64, requires_grad=True)
    optimizer = optim.build("lion", [point], lr=0.01)
    for _ in range(7):
        point.grad = None
        RAVINE.f(*point.unbind()).backward()
        optimizer.step()
    found = track(RAVINE, "lion", start=(0.3, 0.4), hypers={"lr": 0.01}, steps=7)
    assert (found.x[-1], found.y[-1]) == tuple(point.tolist())
