"""The red zone begins where tracks really begin to be thrown out."""

import math

import pytest

from thalweg import tasks
from thalweg.schedules import ramp
from thalweg.terrain.overshoot import overshoot
from thalweg.terrain.track import track

RAVINE = tasks.surface("ravine")


def grows(rule, hypers, start=(0.3, 0.1), steps=400):
    """Whether a run on the ravine leaves instead of coming to rest."""
    found = track(RAVINE, rule, start=start, hypers=hypers, steps=steps)
    # The steep wall decides: along the floor every rate here is far from its edge.
    across = [abs(y * math.sqrt(3) - x) / 2 for x, y in zip(found.x, found.y, strict=True)]
    return found.ended is not None or max(across[-50:]) > 10 * across[0]


@pytest.mark.parametrize(
    "hypers",
    [
        {},
        {"momentum": 0.5},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "form": "velocity"},
        {"momentum": 0.5, "dampening": 0.5},
        {"weight_decay": 20.0},
    ],
)
def test_sgd_leaves_just_above_the_edge_and_comes_to_rest_just_below(hypers):
    edge = overshoot(RAVINE, "sgd", (0.3, 0.1), hypers).edge
    assert not grows("sgd", {**hypers, "lr": 0.98 * edge})
    assert grows("sgd", {**hypers, "lr": 1.02 * edge})


@pytest.mark.parametrize("curvature", [0.1, 1.0, 30.0])
def test_gradient_descent_diverges_iff_lr_is_above_two_over_the_curvature(curvature):
    def valley(x, y):
        return curvature * x * x / 2 + curvature * y * y / 20

    found = overshoot(valley, "sgd", (1.0, 1.0))
    assert found.curvature == pytest.approx(curvature)
    assert found.edge == pytest.approx(2 / curvature)
    ends = [
        abs(track(valley, "sgd", start=(1.0, 0.0), hypers={"lr": lr}, steps=300).x[-1])
        for lr in (0.99 * 2 / curvature, 1.01 * 2 / curvature)
    ]
    assert ends[0] < 0.1
    assert ends[1] > 10


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9])
def test_adam_just_above_its_edge_is_thrown_further_and_just_below_it_is_not(beta1):
    """With beta2 near 1 the divisor hardly moves, and Adam is an average on a fixed scale."""

    def valley(x, y):
        return 50 * x * x + y * y / 2

    # So large an eps is the divisor, as long as slopes are small.
    hypers = {"beta1": beta1, "beta2": 0.999, "eps": 1e4}
    found = overshoot(valley, "adam", (1e-3, 0.0), hypers)
    expected = (2 + 2 * beta1) / ((1 - beta1) * 100 / 1e4)
    assert found.edge == pytest.approx(expected, rel=1e-4)
    for factor, thrown in ((0.97, False), (1.03, True)):
        # Warmed up, for an average over few gradients is no average: the first steps would be
        # thrown out at any rate near the edge.
        warmup = 100 if beta1 else 1
        given = {**hypers, "lr": ramp(0.0, factor * found.edge, steps=warmup)}
        run = track(valley, "adam", start=(1e-3, 0.0), hypers=given, steps=600)
        # Once it is far out its own slopes make the divisor larger, and it comes back.
        assert (max(map(abs, run.x)) > 1) is thrown


def test_adams_curvature_is_seen_through_its_divisor_at_each_step():
    import numpy as np

    run = track(RAVINE, "adam", hypers={"lr": 0.1, "eps": 1e-3}, steps=30)
    turn = np.array([[3**0.5 / 2, 1 / 2], [-1 / 2, 3**0.5 / 2]])
    hessian = turn.T @ np.diag([1.0, 100.0]) @ turn
    second = np.zeros(2)
    for number, slope in enumerate(run.gradient, start=1):
        second = 0.999 * second + 0.001 * np.array(slope) ** 2
        divisor = np.sqrt(second / (1 - 0.999**number)) + 1e-3
        assert run.divisor[number - 1] == pytest.approx(divisor)
        # P^-1 H has the eigenvalues of P^-1/2 H P^-1/2.
        top = np.linalg.eigvals(hessian / divisor[:, None]).real.max()
        assert run.curvature[number - 1] == pytest.approx(top)
        assert run.edge[number - 1] == pytest.approx(3.8 / (0.1 * top))


def test_a_point_and_the_track_that_starts_there_agree():
    for rule, hypers in (("sgd", {"momentum": 0.9}), ("adam", {}), ("rmsprop", {}), ("lion", {})):
        run = track(RAVINE, rule, start=(1.0, 0.5), hypers=hypers, steps=5)
        assert overshoot(RAVINE, rule, (1.0, 0.5), hypers).edge == run.edge[0]
        here = overshoot(RAVINE, rule, (run.x[3], run.y[3]), hypers, run.divisor and run.divisor[3])
        assert here.edge == run.edge[3]


def test_the_edge_follows_a_schedule():
    run = track(RAVINE, "sgd", hypers={"lr": 1e-3, "momentum": ramp(0.5, 0.9, steps=10)}, steps=20)
    assert run.edge[0] == pytest.approx(3.0 / 100)
    assert run.edge[5] == pytest.approx(3.4 / 100)
    assert run.edge[-1] == pytest.approx(3.8 / 100)


def test_there_is_no_red_zone_on_a_hilltop_or_for_a_rule_without_an_edge():
    hill = overshoot(lambda x, y: -x * x - y * y, "sgd", (0.1, 0.1))
    assert hill.edge is None
    assert hill.why.startswith("the ground does not curve upwards here")
    unknown = overshoot(RAVINE, "lion", (0.1, 0.1))
    assert unknown.edge is None
    assert unknown.why == (
        "no edge is known for lion; there is one for adagrad, adam, adamw, rmsprop, sgd, sgdw"
    )
    plane = overshoot(lambda x, y: x + y, "sgd", (0.1, 0.1))
    assert plane.edge is None
    assert overshoot(RAVINE, "sgd", (0.1, 0.1)).why is None
