"""Thousands of runs at once go where each would go alone."""

import json

import numpy as np
import pytest
import torch

from thalweg import rules, tasks
from thalweg.schedules import cosine
from thalweg.terrain.attraction import Attraction, attraction, together
from thalweg.terrain.track import track

HIMMELBLAU = tasks.surface("himmelblau")


@pytest.mark.parametrize("rule", rules.names())
def test_every_run_of_a_rule_ends_where_it_ends_alone(rule):
    hypers = {"lr": cosine(0.02, steps=30)}
    found = attraction(HIMMELBLAU, rule, hypers=hypers, steps=30, size=(4, 3), near=0.5)
    assert found.together == together(rule)
    for row, y in enumerate(found.y):
        for column, x in enumerate(found.x):
            alone = track(HIMMELBLAU, rule, start=(float(x), float(y)), hypers=hypers, steps=30)
            far = [np.hypot(alone.x[-1] - a, alone.y[-1] - b) for a, b in found.minima]
            nearest = int(np.argmin(far)) if min(far) <= 0.5 else -1
            assert found.index[row, column] == (-1 if alone.ended else nearest)
            if nearest >= 0:
                a, b = found.minima[nearest]
                away = np.hypot(np.array(alone.x) - a, np.array(alone.y) - b) > 0.5
                since = int(np.flatnonzero(away)[-1]) + 1 if away.any() else 0
                assert found.steps[row, column] == since


def test_the_words_of_a_rule_say_how_its_runs_go_together():
    assert together("adam") == "points"
    assert together("stableadamw") == "tensors"  # the mean of one tensor
    assert together("adafactor") == "tensors"  # rows and columns
    assert together("dog") == "optimizers"  # a sum over all tensors
    assert together("adam", {"clip_norm": 1.0}) == "optimizers"
    assert together("lamb") == "tensors"
    assert together("lamb", {"max_grad_norm": 1.0}) == "optimizers"


def test_gradient_flow_falls_into_its_own_basin():
    """With small steps gradient descent ends where the basins of the ground say."""
    from thalweg.terrain.ground import survey
    from thalweg.terrain.persistence import hollows

    surface = tasks.surface("saddle")
    found = attraction(surface, "sgd", hypers={"lr": 0.05}, steps=400, size=32)
    basin = hollows(survey(surface, size=32)).basin
    places = [-1.0, 1.0]
    expected = np.where(found.x < 0, 0, 1)
    assert [minimum[0] for minimum in found.minima] == places
    assert (found.index == expected).mean() > 0.99
    assert len(np.unique(basin)) == 2


def test_shares_add_up_and_steps_are_those_of_the_runs_that_arrived():
    found = attraction(HIMMELBLAU, "adam", hypers={"lr": 0.1}, size=16)
    assert sum(found.share) + found.lost == pytest.approx(1)
    assert [(found.index == k).mean() for k in range(4)] == pytest.approx(list(found.share))
    assert ((found.steps >= 0) == (found.index >= 0)).all()
    assert min(found.share) > 0.15


def test_runs_that_are_thrown_out_end_nowhere():
    found = attraction(HIMMELBLAU, "sgd", hypers={"lr": 0.5}, size=8, steps=60)
    assert found.lost == 1
    assert found.diverged > 0.9
    assert (found.index == -1).all()


def test_a_run_on_its_way_is_in_no_minimum():
    found = attraction(tasks.surface("rosenbrock"), "sgd", hypers={"lr": 1e-6}, size=8, steps=5)
    assert found.lost == 1
    assert found.diverged == 0


def test_minima_of_a_function_are_found_and_those_given_are_used():
    def f(x, y):
        return (x * x - 1) ** 2 + y * y

    window = ((-2.0, 2.0), (-2.0, 2.0))
    found = attraction(f, "sgd", hypers={"lr": 0.02}, domain=window, size=8)
    assert sorted(x for x, _ in found.minima) == pytest.approx([-1, 1])
    assert found.lost == 0
    given = attraction(f, "sgd", hypers={"lr": 0.02}, domain=window, size=8, minima=[(1, 0)])
    assert given.share == (0.5,)


def test_the_default_is_64_by_64_and_fewer_for_rules_that_need_an_optimizer_each():
    assert attraction(HIMMELBLAU, "sgd", steps=1).index.shape == (64, 64)
    assert attraction(HIMMELBLAU, "prodigy", steps=1).index.shape == (12, 12)


def test_an_attraction_survives_json():
    found = attraction(HIMMELBLAU, "sgd", hypers={"lr": 0.01}, size=4, steps=20)
    again = Attraction.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert again.to_dict() == found.to_dict()
    assert again.index.dtype == found.index.dtype


def test_too_many_or_too_few_are_refused():
    with pytest.raises(ValueError, match="ask for fewer starts or steps"):
        attraction(HIMMELBLAU, "sgd", size=1000, steps=1000)
    with pytest.raises(ValueError, match="at least 2 starts along each side"):
        attraction(HIMMELBLAU, "sgd", size=1)
    with pytest.raises(ValueError, match="agam"):
        attraction(HIMMELBLAU, "agam")


def test_the_random_state_is_left_alone():
    before = torch.get_rng_state()
    attraction(HIMMELBLAU, "sgd", size=4, steps=3)
    assert torch.equal(before, torch.get_rng_state())
