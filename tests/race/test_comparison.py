"""When one entrant counts as better than another."""

import math

import numpy as np
import pytest
from scipy import stats

from tests.race.made import entrant
from thalweg.race.comparison import compare, compare_all
from thalweg.race.power import seeds_needed
from thalweg.race.signed_rank import wilcoxon

BASE = np.array([0.90, 0.91, 0.92, 0.93, 0.94, 0.90, 0.91, 0.92, 0.93, 0.94])
STEPS = np.array([0.010, 0.012, 0.008, 0.011, 0.009, 0.013, 0.007, 0.014, 0.006, 0.015])


def two(gaps, **more):
    return entrant("Adam", BASE + gaps, **more), entrant("SGD", BASE, **more)


def test_a_gap_on_every_seed_is_better():
    pair = compare(*two(STEPS), higher=True, metric="accuracy")
    assert (pair.verdict, pair.p, pair.better.value) == ("a", 2 / 2**10, 1.0)
    assert pair.difference.value == pytest.approx(0.0105)
    assert pair.median.value == pytest.approx(np.median(STEPS))
    assert pair.seeds_needed is None
    assert pair.reason.startswith("Adam is ahead by 1.05 points")
    assert "on 10 of 10 seeds" in pair.reason


def test_the_order_and_the_direction_turn_it_round():
    a, b = two(STEPS)
    assert compare(b, a, higher=True).verdict == "b"
    assert compare(a, b, higher=False).verdict == "b"
    turned = compare(b, a, higher=True).difference
    assert turned.value == pytest.approx(-0.0105)
    assert turned.high < 0


def test_nine_of_ten_can_win_and_eight_of_ten_can_not():
    assert compare(*two(np.where(np.arange(10) == 6, -1, 1) * STEPS), True).verdict == "a"
    eight = compare(*two(np.where(STEPS < 0.008, -1, 1) * STEPS), True)
    assert wilcoxon(STEPS * np.where(STEPS < 0.008, -1, 1)) <= 0.05
    assert eight.verdict == "tie"
    assert "beats SGD on 80 % of the seeds" in eight.reason


def test_five_seeds_decide_nothing():
    a, b = entrant("Adam", [2.0] * 5), entrant("SGD", [1.0] * 5)
    pair = compare(a, b, higher=True)
    assert (pair.verdict, pair.p) == ("tie", 0.0625)
    assert "5 seeds can't decide: p is 0.062 at best, and 6 are the fewest" in pair.reason
    assert pair.seeds_needed == 6


def test_six_seeds_decide_one_pair_and_not_three():
    rng = np.random.default_rng(0)
    a, b, c = (entrant(n, k + 0.1 * rng.normal(size=6)) for k, n in enumerate("ABC"))
    assert compare(b, a, higher=True).verdict == "a"
    pairs = compare_all([a, b, c], higher=True)
    assert [(pair.a, pair.b) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {pair.verdict for pair in pairs} == {"tie"}
    assert [pair.p_holm for pair in pairs] == [3 * 0.03125] * 3
    assert "7 are the fewest" in pairs[0].reason


def test_the_same_runs_tie_whatever_the_number_of_seeds():
    pair = compare(*two(np.zeros(10)), higher=True)
    assert (pair.verdict, pair.p, pair.better.value) == ("tie", 1.0, 0.5)
    assert pair.reason == "They scored the same on every seed."
    assert pair.seeds_needed is None


def test_a_tie_says_how_many_seeds_would_do_never_fewer_than_were_run():
    # Eight of ten, by a lot: of normal differences as sure as these, seven seeds would do.
    gaps = np.array([-0.5, 1.2, 1.1, 1.0, 1.05, 1.15, 0.95, 1.25, -0.1, 0.85])
    assert seeds_needed(gaps) == 7
    pair = compare(*two(gaps), higher=True)
    assert (pair.verdict, pair.seeds_needed) == ("tie", 11)


def test_what_would_win_alone_may_tie_among_many():
    gaps = STEPS * np.where(np.arange(10) == 3, -1, 1)  # the sixth in size is lost
    a, b = two(gaps)
    c = entrant("C", BASE + np.where(np.arange(10) % 2, 1e-4, -1e-4))
    assert (alone := compare(a, b, higher=True)).verdict == "a"
    pair = compare_all([a, b, c], higher=True)[0]
    assert pair.p == alone.p == pytest.approx(0.027, abs=0.001)
    assert pair.reason == "The signed-rank test gives p = 0.082, above 0.05."
    assert (pair.verdict, pair.seeds_needed) == ("tie", 13)


def test_a_seed_that_ran_twice_is_refused():
    twice = [0, *range(9)]
    a, b = (entrant(name, BASE, seeds=twice) for name in ("Adam", "SGD"))
    with pytest.raises(ValueError, match="each once"):
        compare(a, b, higher=True)


def test_a_gap_that_another_search_could_make_is_a_tie():
    # Two standard deviations of the difference of two searches: 2 √2 · 0.004 = 0.0113.
    pair = compare(*two(STEPS, spread=0.004), higher=True, metric="accuracy")
    assert pair.verdict == "tie"
    assert "within the 1.1 points that two searches may differ by chance" in pair.reason
    assert pair.seeds_needed is None
    assert compare(*two(STEPS, spread=0.003), higher=True).verdict == "a"


def test_one_outlier_does_not_win():
    """The mean is far off, and its sign is that of a single seed."""
    gaps = np.array([5.0, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1])
    assert compare(*two(gaps), higher=True).verdict == "tie"
    gaps = np.array([-50.0, *STEPS[1:]])  # nine wins of ten, and a mean on the other side
    pair = compare(*two(gaps), higher=True)
    assert pair.verdict == "tie"
    assert "zero in its interval" in pair.reason


def test_a_run_without_a_figure_counts_as_the_worst():
    tests = BASE + STEPS
    tests[3] = math.nan
    a, b = entrant("Adam", tests), entrant("SGD", BASE)
    pair = compare(a, b, higher=True)
    tests[3] = BASE.min()
    assert pair.difference == compare(entrant("Adam", tests), b, higher=True).difference
    nothing = entrant("None", [math.inf] * 10)
    assert compare(nothing, nothing, higher=False).verdict == "tie"
    assert compare(nothing, b, higher=False).verdict == "b"


@pytest.mark.parametrize("seeds", [range(1, 11), [0] * 10, range(9)])
def test_other_seeds_are_no_pairs(seeds):
    a = entrant("Adam", BASE)
    b = entrant("SGD", BASE[: len(seeds)], seeds=list(seeds))
    for one, other in ((a, b), (b, a)):
        with pytest.raises(ValueError, match="must have run on the same seeds"):
            compare(one, other, higher=True)


def test_nobody_and_one_alone_make_no_pairs():
    assert compare_all([], higher=True) == []
    assert compare_all([entrant("Adam", BASE)], higher=True) == []
    with pytest.raises(ValueError, match="same seeds"):
        compare(entrant("Adam"), entrant("SGD"), higher=True)


def test_seeds_in_another_order_are_the_same_pairs():
    a, b = two(STEPS)
    b.finals.reverse()
    assert compare(a, b, higher=True).verdict == "a"


def test_without_a_difference_at_most_one_race_of_twenty_has_a_winner():
    rng = np.random.default_rng(8)
    draws = rng.normal(size=(2, 250, 10))
    wins = sum(
        compare(entrant("a", x), entrant("b", y), higher=True).verdict != "tie"
        for x, y in zip(*draws, strict=True)
    )
    assert stats.binomtest(wins, 250, 0.05, alternative="greater").pvalue > 0.01


def test_a_difference_of_two_deviations_is_found():
    rng = np.random.default_rng(9)
    pairs = [
        compare(entrant("a", 2 + rng.normal(size=10)), entrant("b", np.zeros(10)), higher=True)
        for _ in range(50)
    ]
    assert sum(pair.verdict == "a" for pair in pairs) >= 45
    assert not any(pair.verdict == "b" for pair in pairs)
