"""Whether the best point of a search lies at an end of its range."""

import pytest

from tests.race.made import BETA, LR, entrant, searched, trial
from thalweg.race.edge import Edge, boundary, noise
from thalweg.race.result import Axis, Candidate


@pytest.mark.parametrize(
    ("place", "side"),
    [(0.0, "low"), (0.04, "low"), (0.06, None), (0.5, None), (0.94, None), (0.96, "high")],
)
def test_a_best_point_in_the_last_twentieth_lies_at_an_edge(place, side):
    one = searched([0.0, place, 1.0, 0.5], [0.5, 0.9, 0.5, 0.5])
    assert boundary(one, higher=True) == ([Edge("lr", side)] if side else [])


@pytest.mark.parametrize(("best", "side"), [(0, "low"), (1, None), (2, "high")])
def test_a_best_point_beyond_which_nothing_was_tried_lies_at_an_edge(best, side):
    one = searched([0.2, 0.5, 0.8], [0.9 if i == best else 0.5 for i in range(3)])
    assert boundary(one, higher=True) == ([Edge("lr", side)] if side else [])


def test_a_point_that_failed_was_tried_all_the_same():
    assert boundary(searched([0.2, 0.5, 0.8, 0.9], [0.5, 0.5, 0.9, None]), higher=True) == []


def test_lower_is_better_looks_at_the_other_point():
    one = searched([0.0, 0.5, 1.0], [1.0, 2.0, 1.5])
    assert boundary(one, higher=False) == [Edge("lr", "low")]
    assert boundary(one, higher=True) == []


def test_a_default_beyond_the_range_lies_at_its_edge():
    assert boundary(searched([1.4, 0.5, 0.1], [0.9, 0.5, 0.5]), True) == [Edge("lr", "high")]


def test_a_point_that_failed_is_nobodys_best():
    one = searched([0.0, 0.5, 1.0], [None, 0.9, 1.0])
    assert boundary(one, higher=False) == []


def test_each_axis_has_its_own_edges():
    places = [(0.9, 0.011), (1e-2, 0.1), (1e-3, 0.4)]
    trials = [trial(i, 0.9 - i, lr=lr, beta1=beta1) for i, (lr, beta1) in enumerate(places)]
    one = entrant(trials=trials, axes=[LR, BETA])
    assert boundary(one, True) == [Edge("lr", "high"), Edge("beta1", "low")]


def test_an_edge_is_closed_where_the_rules_own_range_ends():
    whole = Axis("beta1", 0.01, 1.0, "1 − beta1", ["high"])
    assert boundary(searched([1.0, 0.5, 0.1], [0.9, 0.5, 0.5], whole), True) == [
        Edge("beta1", "high", closed=True)
    ]
    assert boundary(searched([0.0, 0.5, 0.9], [0.9, 0.5, 0.5], whole), True) == [
        Edge("beta1", "low")
    ]


def test_what_fresh_seeds_chose_counts_not_the_luckiest_trial():
    chosen = [Candidate(0, {}, [0.6, 0.6], []), Candidate(1, {}, [0.8, 0.8], [])]
    one = searched([0.0, 0.5, 1.0], [0.9, 0.8, 0.1], candidates=chosen)
    assert boundary(one, higher=True) == []
    one = searched([0.5, 0.0, 1.0], [0.9, 0.8, 0.1], candidates=chosen)
    assert boundary(one, higher=True) == []  # 0.9 inside is as good
    one = searched([0.5, 0.0, 1.0], [0.7, 0.8, 0.1], candidates=chosen)
    assert boundary(one, higher=True) == [Edge("lr", "low")]


def test_an_edge_that_is_better_by_less_than_the_noise_is_none():
    noisy = [Candidate(0, {}, [0.8, 0.9, 1.0], [])]  # a deviation of 0.1, of a difference 0.141
    assert noise(entrant(candidates=noisy)) == pytest.approx(0.1 * 2**0.5)
    assert boundary(searched([0.0, 0.5, 1], [0.9, 0.77, 0], candidates=noisy), True) == []
    assert boundary(searched([0.0, 0.5, 1], [0.9, 0.75, 0], candidates=noisy), True)
