"""The presets' learning rates are the ones that come down furthest, and are told as measured."""

from statistics import fmean

import pytest

from thalweg import tasks
from thalweg.serve.preset import FOUR, GRID, RATES, presets, rate, tune
from thalweg.tasks.surface import Minimum, Surface
from thalweg.terrain.track import track
from thalweg.web import colour


def test_the_four_are_told_apart_by_their_colours():
    inks = [one["ink"]["light"] for one in presets()]
    assert len(set(inks)) == 4
    keys = ("gradient-descent", "sgd", "momentum", "adam")
    assert inks == [colour.of(key).light for key in keys]


def test_only_gradient_descent_sees_all_samples():
    assert [one["noise"] for one in presets()] == [False, True, True, True]


def test_the_rates_are_on_the_grid_that_all_share():
    assert {rate for rates in RATES.values() for rate in rates} <= set(GRID)
    assert set(RATES) <= {one.name for one in tasks.surfaces()}


def test_a_tenfold_rate_does_worse_on_the_bowl():
    lr = RATES["bowl"][0]
    best, far = (
        track(tasks.surface("bowl"), "sgd", hypers={"lr": one}, steps=200, noise=0.015, batch=None)
        for one in (lr, 20 * lr)
    )
    assert fmean(best.loss[-20:]) < fmean(far.loss[-20:])


def test_a_surface_that_nobody_measured_gets_a_guess_by_its_curvature():
    steep = Surface(
        name="steep",
        about="A bowl of curvature 50.",
        formula="25 (x² + y²)",
        f=lambda x, y: 25 * (x * x + y * y),
        domain=((-1.0, 1.0), (-1.0, 1.0)),
        start=(0.5, 0.5),
        minima=(Minimum(0.0, 0.0, 0.0),),
        saddles=(),
        source=None,
        epochs=10,
    )
    found = [rate(place, steep) for place in range(4)]
    assert found == pytest.approx([0.01, 0.004, 0.002, 0.04])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bowl", "himmelblau", "ravine"])
def test_measured_again_the_rates_are_the_same(name):
    assert tuple(tune(one, name) for one in FOUR) == RATES[name]
