"""How many seeds would settle a gap: held against races that are simulated."""

import numpy as np
import pytest
from scipy import stats

from thalweg.race.paired import better
from thalweg.race.power import seeds_needed, wins_needed
from thalweg.race.signed_rank import holm, wilcoxon


def of_effect(effect):
    """Two differences whose mean is so many standard deviations."""
    return np.array([1.0, -1.0]) * np.sqrt(0.5) + effect


@pytest.mark.parametrize(("effect", "seeds"), [(0.9, 17), (1.0, 13), (1.5, 7), (3.0, 6)])
def test_with_so_many_seeds_four_races_of_five_are_decided(effect, seeds):
    n = seeds_needed(of_effect(effect))
    assert n == seeds
    rng = np.random.default_rng(3)
    sets = rng.normal(effect, 1, (1000, n))
    wins = (sets > 0).sum(axis=1)
    enough = wins >= wins_needed(np.array([n]))[0]
    decided = np.mean([ok and wilcoxon(row) <= 0.05 for ok, row in zip(enough, sets, strict=True)])
    assert decided > 0.75
    # Fewer would not do, or are fewer than can decide anything.
    if n > 7:
        fewer = sets[:, : n - 4]
        wins = (fewer > 0).sum(axis=1) >= wins_needed(np.array([n - 4]))[0]
        assert np.mean([a and wilcoxon(b) <= 0.05 for a, b in zip(wins, fewer, strict=True)]) < 0.8


def test_the_wins_needed_are_those_at_which_the_interval_leaves_one_half():
    for n in range(6, 25):
        first = next(
            w
            for w in range(n // 2, n + 1)
            if w > 0.75 * n and better(np.ones(n), np.where(np.arange(n) < w, 0, 2), True).low > 0.5
        )
        assert abs(first - wins_needed(np.array([n]))[0]) <= 0


def test_a_small_gap_is_never_settled():
    """Below 0.67 standard deviations fewer than 75 % of the seeds are won, however many are run."""
    assert stats.norm.cdf(0.67) < 0.75
    assert seeds_needed(of_effect(0.67)) is None
    assert seeds_needed(of_effect(0.7)) > 100
    assert seeds_needed(of_effect(0.677)) is None  # more than 10,000


def test_the_sign_and_the_unit_do_not_matter():
    values = np.random.default_rng(1).normal(1, 1, 10)
    assert seeds_needed(values) == seeds_needed(-values) == seeds_needed(1e-9 * values)


def test_more_pairs_need_more_seeds():
    assert seeds_needed(of_effect(5.0), pairs=10) == 9
    assert holm([2 / 2**9] + [1.0] * 9)[0] <= 0.05 < holm([2 / 2**8] + [1.0] * 9)[0]
    # Here it is the test that asks for them, not the share of seeds.
    n = seeds_needed(of_effect(1.2), pairs=28)
    sets = np.random.default_rng(4).normal(1.2, 1, (1000, n))
    power = np.mean([wilcoxon(row) <= 0.05 / 28 for row in sets])
    assert 0.7 < power < 0.92
    assert n > seeds_needed(of_effect(1.2)) + 3


def test_no_gap_or_a_single_seed_gives_no_number():
    assert seeds_needed([0.0, 0.0, 0.0]) is None
    assert seeds_needed([1.0, -1.0]) is None
    assert seeds_needed([1.0]) is None
    assert seeds_needed([1.0, np.inf]) is None


def test_an_equal_gap_on_every_seed_needs_the_fewest():
    assert seeds_needed([0.1, 0.1, 0.1]) == seeds_needed([1.0, 1.0]) == 6
