"""Audits of the searches."""

import numpy as np
import pytest

from tests.race.made import entrant, record, trial
from thalweg.race.audit import (
    Edge,
    at_an_edge,
    audits,
    boundary,
    inclusion,
    infeasible,
    memory,
    noise,
)
from thalweg.race.comparison import compare_all
from thalweg.race.result import Axis, Candidate

LR = Axis("lr", 1e-4, 1.0, "lr")
BETA = Axis("beta1", 0.01, 0.5, "1 − beta1")
STEPS = np.array([0.010, 0.012, 0.008, 0.011, 0.009, 0.013, 0.007, 0.014, 0.006, 0.015])


def searched(places, scores, axis=LR, **more):
    """An entrant whose trials lie at these parts of an axis."""
    at = [axis.low * (axis.high / axis.low) ** place for place in places]
    trials = [
        trial(i, score, **{axis.name: x})
        for i, (x, score) in enumerate(zip(at, scores, strict=True))
    ]
    return entrant(trials=trials, axes=[axis], **more)


@pytest.mark.parametrize(
    ("place", "side"),
    [(0.0, "low"), (0.04, "low"), (0.06, None), (0.5, None), (0.94, None), (0.96, "high")],
)
def test_a_best_point_in_the_last_twentieth_lies_at_an_edge(place, side):
    one = searched([0.0, place, 1.0, 0.5], [0.5, 0.9, 0.5, 0.5])
    assert boundary(one, higher=True) == ([Edge("adam", "lr", side)] if side else [])


@pytest.mark.parametrize(("best", "side"), [(0, "low"), (1, None), (2, "high")])
def test_a_best_point_beyond_which_nothing_was_tried_lies_at_an_edge(best, side):
    one = searched([0.2, 0.5, 0.8], [0.9 if i == best else 0.5 for i in range(3)])
    assert boundary(one, higher=True) == ([Edge("adam", "lr", side)] if side else [])


def test_a_point_that_failed_was_tried_all_the_same():
    assert boundary(searched([0.2, 0.5, 0.8, 0.9], [0.5, 0.5, 0.9, None]), higher=True) == []


def test_lower_is_better_looks_at_the_other_point():
    one = searched([0.0, 0.5, 1.0], [1.0, 2.0, 1.5])
    assert boundary(one, higher=False) == [Edge("adam", "lr", "low")]
    assert boundary(one, higher=True) == []


def test_a_default_beyond_the_range_lies_at_its_edge():
    assert boundary(searched([1.4, 0.5, 0.1], [0.9, 0.5, 0.5]), True) == [
        Edge("adam", "lr", "high")
    ]


def test_a_point_that_failed_is_nobodys_best():
    one = searched([0.0, 0.5, 1.0], [None, 0.9, 1.0])
    assert boundary(one, higher=False) == []


def test_each_axis_has_its_own_edges():
    places = [(0.9, 0.011), (1e-2, 0.1), (1e-3, 0.4)]
    trials = [trial(i, 0.9 - i, lr=lr, beta1=beta1) for i, (lr, beta1) in enumerate(places)]
    one = entrant(trials=trials, axes=[LR, BETA])
    assert boundary(one, True) == [Edge("adam", "lr", "high"), Edge("adam", "beta1", "low")]


def test_a_distance_from_one_can_go_no_further_than_one():
    whole = Axis("beta1", 0.01, 1.0, "1 − beta1")
    assert boundary(searched([1.0, 0.5, 0.1], [0.9, 0.5, 0.5], whole), True) == []
    assert boundary(searched([0.0, 0.5, 0.9], [0.9, 0.5, 0.5], whole), True) == [
        Edge("adam", "beta1", "low")
    ]


def test_what_fresh_seeds_chose_counts_not_the_luckiest_trial():
    chosen = [Candidate(0, {}, [0.6, 0.6], []), Candidate(1, {}, [0.8, 0.8], [])]
    one = searched([0.0, 0.5, 1.0], [0.9, 0.8, 0.1], candidates=chosen)
    assert boundary(one, higher=True) == []
    one = searched([0.5, 0.0, 1.0], [0.9, 0.8, 0.1], candidates=chosen)
    assert boundary(one, higher=True) == []  # 0.9 inside is as good
    one = searched([0.5, 0.0, 1.0], [0.7, 0.8, 0.1], candidates=chosen)
    assert boundary(one, higher=True) == [Edge("adam", "lr", "low")]


def test_an_edge_that_is_better_by_less_than_the_noise_is_none():
    noisy = [Candidate(0, {}, [0.8, 0.9, 1.0], [])]  # a deviation of 0.1, of a difference 0.141
    assert noise(entrant(candidates=noisy)) == pytest.approx(0.1 * 2**0.5)
    assert boundary(searched([0.0, 0.5, 1], [0.9, 0.77, 0], candidates=noisy), True) == []
    assert boundary(searched([0.0, 0.5, 1], [0.9, 0.75, 0], candidates=noisy), True)


def test_a1_names_who_where_and_what_to_do():
    found = at_an_edge([searched([0.0, 0.5, 1.0], [0.9, 0.5, 0.5])], higher=True)
    assert (found.code, found.passed, found.entrants) == ("A1", False, ["adam"])
    assert found.said == "Adam's best point lies at the lower end of lr, 0.0001."
    assert "--widen" in found.todo
    passed = at_an_edge([searched([0.5, 0.4, 0.6], [0.9, 0.8, 0.8])], higher=True)
    assert (passed.passed, passed.todo, passed.entrants) == (True, "", [])


def test_without_a_search_a1_and_a2_are_not_looked_at():
    assert at_an_edge([entrant()], higher=True).passed is None
    assert infeasible([entrant()]).passed is None


@pytest.mark.parametrize(("bad", "passed"), [(0, True), (2, True), (3, False), (4, False)])
def test_a2_fails_when_more_than_half_of_the_points_could_not_train(bad, passed):
    trials = [trial(i, None, "diverged" if i % 2 else "failed") for i in range(bad)]
    trials += [trial(9, None, "hopeless") for _ in range(4 - bad)]
    found = infeasible([entrant(trials=trials), entrant("SGD", trials=[trial(0, 1.0)])])
    assert found.passed is passed
    assert found.entrants == ([] if passed else ["adam"])
    if bad:
        assert f"{bad} of 4 points" in found.said
    assert bool(found.todo) is not passed


def momenta(gaps):
    tests = 0.9 + gaps
    return [
        entrant("Momentum", tests, rule="sgd", chosen={"lr": 0.1, "momentum": 0.9}),
        entrant("SGD", np.full(10, 0.9), rule="sgd", chosen={"lr": 0.1}),
    ]


def test_a3_fails_when_momentum_loses_to_sgd():
    both = momenta(-STEPS)
    found = inclusion(both, compare_all(both, higher=True))
    assert (found.passed, found.entrants) == (False, ["momentum"])
    assert found.said == "Momentum lost to SGD, which it is itself with momentum=0."
    assert "more points" in found.todo


def test_a3_passes_when_it_wins_or_ties_or_nobody_includes_another():
    for gaps in (STEPS, 0 * STEPS):
        both = momenta(gaps)
        assert inclusion(both, compare_all(both, higher=True)).passed is True
    both = [entrant("Adam", 0.9 - STEPS), entrant("Lion", [0.9] * 10, rule="lion")]
    found = inclusion(both, compare_all(both, higher=True))
    assert (found.passed, found.said) == (True, "Nobody includes another.")


def test_a7_tells_bytes_from_the_least():
    found = memory([entrant(state_bytes=5000), entrant("SGD", state_bytes=0)])
    assert (found.passed, found.said) == (True, "Optimizer state: SGD none and Adam 4.9 KiB.")


def test_all_seven_come_in_order_each_with_a_sentence():
    both = [entrant("Adam", 1 - STEPS), entrant("SGD", [1.0] * 10, rule="sgd")]
    runs = {one.key: [record(np.linspace(2, 1, 11)) for _ in range(10)] for one in both}
    found = audits(both, runs, "loss", higher=False)
    assert [audit.code for audit in found] == ["A1", "A2", "A3", "A4", "A5", "A6", "A7"]
    for audit in found:
        assert audit.said.endswith(".")
        assert bool(audit.todo) is (audit.passed is False)
