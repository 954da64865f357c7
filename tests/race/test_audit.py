"""Audits of the searches."""

import numpy as np
import pytest

from tests.race.made import entrant, record, searched, trial
from thalweg.race.audit import at_an_edge, audits, inclusion, infeasible, memory
from thalweg.race.comparison import compare_all
from thalweg.race.result import Axis

STEPS = np.array([0.010, 0.012, 0.008, 0.011, 0.009, 0.013, 0.007, 0.014, 0.006, 0.015])


def test_a1_names_who_where_and_what_to_do():
    found = at_an_edge([searched([0.0, 0.5, 1.0], [0.9, 0.5, 0.5])], higher=True)
    assert (found.code, found.passed, found.entrants) == ("A1", False, ["adam"])
    assert found.said == "Adam's best point lies at the lower end of lr, 0.0001."
    assert "--widen" in found.todo
    passed = at_an_edge([searched([0.5, 0.4, 0.6], [0.9, 0.8, 0.8])], higher=True)
    assert (passed.passed, passed.todo, passed.entrants) == (True, "", [])


def test_a1_passes_at_the_end_of_what_the_rule_takes_and_says_so():
    whole = Axis("beta1", 0.01, 1.0, "1 − beta1", ["high"])
    found = at_an_edge([searched([1.0, 0.5, 0.1], [0.9, 0.5, 0.5], whole)], higher=True)
    assert (found.passed, found.todo, found.entrants) == (True, "", [])
    assert found.said == (
        "Adam's best point lies at the upper end of 1 − beta1, 1, where what the rule takes ends "
        "too."
    )


def test_a1_says_when_widening_has_come_to_its_end():
    one = searched([0.0, 0.5, 1.0], [0.9, 0.5, 0.5])
    found = at_an_edge([one], higher=True, spent=True)
    assert found.passed is False
    assert found.todo.startswith("It was widened 4 times, which is the most")


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
