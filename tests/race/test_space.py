import math

import pytest

from thalweg import rules
from thalweg.race import space
from thalweg.race.space import Walk
from thalweg.schedules import ramp


def of(name, points=100, stated=(), ranges=None, **values):
    rule = rules.find(name)
    return space.walks(
        rule, {**rule.defaults, **values}, points, stated=stated, ranges=ranges or {}
    )


@pytest.mark.parametrize(
    ("points", "axes"),
    [
        (1, []),
        (9, ["lr"]),
        (10, ["lr", "beta1"]),
        (24, ["lr", "beta1"]),
        (25, ["lr", "beta1", "eps"]),
        (64, ["lr", "beta1", "eps", "beta2"]),
    ],
)
def test_more_points_search_more_axes(points, axes):
    assert [walk.name for walk in of("adam", points)] == axes


def test_a_weight_decay_is_searched_where_the_rule_has_one():
    assert [walk.name for walk in of("adamw", 25)] == ["lr", "beta1", "weight_decay"]
    assert "weight_decay" not in [walk.name for walk in of("adam", 100)]


def test_a_momentum_that_is_off_stays_off():
    assert [walk.name for walk in of("sgd", 16)] == ["lr"]
    assert [walk.name for walk in of("sgd", 16, momentum=0.9)] == ["lr", "momentum"]


def test_what_is_stated_is_not_searched():
    assert [walk.name for walk in of("adam", 16, stated=["lr"])] == ["beta1", "eps"]


def test_every_rule_can_be_searched_within_its_bounds():
    for name in rules.names():
        rule = rules.find(name)
        for points in (9, 16, 64):
            walks = of(name, points)
            for quantile in (0.0, 0.5, 1.0):
                walked = {walk: walk.at(quantile) for walk in walks}
                rule.check({**rule.defaults, **space.settings(rule, {}, walked)})


def test_ranges_are_walked_by_factors():
    walk = Walk("lr", 1e-4, 1e-2, 0)
    assert walk.at(0.25) / walk.at(0.0) == pytest.approx(walk.at(1.0) / walk.at(0.75))


def test_a_decay_is_walked_by_its_distance_from_one():
    (walk,) = (walk for walk in of("adam") if walk.name == "beta2")
    assert walk.way == "complement"
    assert walk.low == pytest.approx(1e-4)
    assert walk.high == pytest.approx(1e-2)
    rule = rules.find("adam")
    assert space.settings(rule, {}, {walk: 1e-3})["beta2"] == pytest.approx(0.999)


def test_beside_a_momentum_the_effective_learning_rate_is_walked():
    lr, momentum = of("sgd", 16, momentum=0.9)
    rule = rules.find("sgd")
    found = space.settings(rule, {"momentum": 0.9}, {lr: 1.0, momentum: 0.01})
    assert found["momentum"] == pytest.approx(0.99)
    assert found["lr"] / (1 - found["momentum"]) == pytest.approx(1.0)


def test_a_momentum_of_gain_one_leaves_the_learning_rate_alone():
    (lr, _) = of("sgd", 16, momentum=0.9, form="average")
    assert lr.way == "value"


def test_a_scheduled_momentum_counts_by_its_end():
    momentum = ramp(0.5, 0.9, epochs=10)
    rule = rules.find("sgd")
    (lr,) = of("sgd", 16, stated=["momentum"], momentum=momentum)
    found = space.settings(rule, {"momentum": momentum}, {lr: 1.0})
    assert found["lr"] == pytest.approx(0.1)


def test_place_undoes_settings():
    rule = rules.find("sgd")
    walks = of("sgd", 16, momentum=0.9)
    walked = {walk: walk.at(0.3) for walk in walks}
    found = space.settings(rule, {"momentum": 0.9}, walked)
    for walk in walks:
        assert space.place(rule, found, walk) == pytest.approx(walked[walk])


def test_sgd_is_searched_up_to_steps_of_ten():
    (walk,) = of("sgd", 9)
    assert (walk.low, walk.high) == (1e-3, 10.0)


def test_beyond_an_edge_lies_the_next_tenfold():
    walk = Walk("lr", 1e-4, 1e-2, 0)
    assert (walk.beyond("high").low, walk.beyond("high").high) == (1e-2, 1e-1)
    assert (walk.beyond("low").low, walk.beyond("low").high) == (1e-5, 1e-4)
    assert Walk("beta1", 0.01, 0.5, 1, "complement", most=1.0).beyond("high").high == 1.0


def test_a_value_outside_lies_outside():
    walk = Walk("lr", 1e-4, 1e-2, 0)
    assert walk.where(1e-5) == pytest.approx(-0.5)
    assert walk.where(1.0) == pytest.approx(2.0)
    assert walk.where(0.0) == -math.inf


def test_a_given_range_is_used_as_one_says_it():
    lr, momentum = of("sgd", 16, momentum=0.9, ranges={"lr": (0.1, 1.0), "momentum": (0.5, 0.99)})
    assert (lr.low, lr.high) == (0.1, 1.0)
    assert (momentum.low, momentum.high) == pytest.approx((0.01, 0.5))


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({"lr": (1e-1, 1e-4)}, "0.1 to 0.0001, is empty"),
        ({"lr": (1e-2, 1e-2)}, "is empty"),
        ({"lr": (0.0, 1.0)}, "begins at 0"),
        ({"beta1": (0.5, 1.0)}, "reaches 1"),
        ({"betas": (0.5, 0.9)}, "betas can't be searched; there are lr, beta1"),
        ({"lr": (-1.0, 1.0)}, "is empty"),
        ({"lr": (math.nan, 1.0)}, "is empty"),
    ],
)
def test_a_bad_range_is_refused_in_one_line(ranges, words):
    with pytest.raises(ValueError, match=words) as caught:
        of("adam", 16, ranges=ranges)
    assert "\n" not in str(caught.value)


def test_a_range_of_what_is_stated_is_refused():
    with pytest.raises(ValueError, match="lr is stated"):
        of("adam", 16, stated=["lr"], ranges={"lr": (1e-4, 1e-2)})
