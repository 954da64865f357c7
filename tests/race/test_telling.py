"""The sentences of a verdict."""

import numpy as np

from tests.race.made import entrant, trial
from thalweg.race.result import Audit
from thalweg.race.verdict import judge, pairs

BASE = np.array([0.90, 0.91, 0.92, 0.93, 0.94, 0.90, 0.91, 0.92, 0.93, 0.94])
STEPS = np.array([0.010, 0.012, 0.008, 0.011, 0.009, 0.013, 0.007, 0.014, 0.006, 0.015])
SEARCHED = [trial(0, 0.9)]


def at(label, gaps, lr=0.1, **more):
    return entrant(label, BASE + gaps, chosen={"lr": lr}, trials=SEARCHED, **more)


def told(entrants, *audits, higher=True, metric="accuracy", task="digits"):
    return judge(entrants, pairs(entrants, audits, higher, metric), audits, metric, higher, task)


def test_a_win_of_two_in_points():
    verdict = told([at("Adam", STEPS), at("SGD", 0 * STEPS)])
    assert verdict.sentence == (
        "Adam is better than SGD on digits: test accuracy higher by 1.05 points "
        "(95 % interval 0.87 to 1.23; better on 10 of 10 seeds)."
    )


def test_a_win_of_a_loss_is_lower():
    sentence = told([at("Adam", STEPS), at("SGD", 0 * STEPS)], higher=False, metric="loss").sentence
    assert sentence.startswith("SGD is better than Adam on digits: test loss lower by 0.0105 (95 %")


def test_a_win_of_many_names_the_nearest():
    three = [at("Adam", 5 * STEPS), at("Lion", 3 * STEPS), at("SGD", 0 * STEPS)]
    sentence = told(three).sentence
    assert sentence.startswith(
        "Adam is better than Lion and SGD on digits: test accuracy higher than Lion's, the "
        "nearest, by 2.10 points (95 % interval "
    )


def test_a_tie_says_what_would_settle_it():
    gaps = np.array([0.9, 1.2, -0.2, 1.5, 0.9, -0.1, 1.1, 1.4, -0.3, 1.0]) / 100
    verdict = told([at("Adam", gaps), at("SGD", 0 * STEPS)])
    assert verdict.sentence.startswith(
        "Tie between Adam and SGD on digits: Adam's test accuracy is higher by 0.74 points (95 % "
        "interval "
    )
    assert "; better on 7 of 10 seeds); about " in verdict.sentence
    assert verdict.sentence.endswith(" seeds would settle it.")
    assert "; more seeds: about " in f"; {verdict.overturn.lower()}"


def test_a_tie_of_chance_asks_for_points_not_seeds():
    verdict = told([at("Adam", STEPS, spread=0.01), at("SGD", 0 * STEPS)])
    assert verdict.sentence.endswith("so more points would say most.")
    assert "repeated searches would differ by 1 points (standard deviation)" in verdict.overturn


def test_a_tie_of_equal_runs_stays_one():
    verdict = told([at("Adam", 0 * STEPS), at("Other", 0 * STEPS)])
    assert verdict.sentence == (
        "Tie between Adam and Other on digits: Adam and Other scored the same on every seed; "
        "more seeds would not change that."
    )


def test_a_gap_lost_in_its_spread_stays_a_tie():
    gaps = np.array([1, -1, 1, -1, 1, -1, 1, -1, 1, -0.8]) / 100
    sentence = told([at("Adam", gaps), at("SGD", 0 * STEPS)]).sentence
    assert sentence.endswith(
        "so small a gap against such a spread stays a tie with any number of seeds."
    )


def test_a_tie_of_three_tells_of_the_two_furthest_apart():
    mixed = np.where(np.arange(10) % 2, 1, -1) * STEPS
    three = [at("Adam", 0 * STEPS), at("Lion", mixed), at("SGD", -2 * mixed)]
    sentence = told(three).sentence
    assert sentence.startswith(
        "Tie among Adam, Lion and SGD on digits: even of the two furthest apart, Lion's test "
        "accuracy is higher than SGD's by 0.8 points (95 % interval "
    )


def test_a_race_without_a_search_says_that_nobody_was_tuned():
    two = [entrant("Adam", BASE + STEPS), entrant("SGD", BASE)]
    assert " on digits, none of them tuned: test accuracy" in told(two).sentence


def test_what_would_overturn_it_names_the_audits_that_failed():
    late = Audit("A4", "", False, "SGD still gained 0.2.", "Race longer.", ["sgd"])
    edge = Audit("A1", "", False, "SGD's best point lies at an end.", "Widen.", ["sgd"])
    fine = Audit("A5", "", True, "Nobody's loss rises.")
    verdict = told([at("Adam", STEPS), at("SGD", 0 * STEPS)], edge, late, fine)
    assert verdict.overturn == (
        "Longer training: SGD still gained 0.2; wider ranges: SGD's best point lies at an end; "
        "other data or another model."
    )
