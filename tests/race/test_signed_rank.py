"""The exact signed-rank test and Holm's correction."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from thalweg.race.signed_rank import ALPHA, fewest_seeds, holm, smallest_p, wilcoxon


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def enumerated(differences):
    """All 2ⁿ signs, one by one; zeros are ranked and take no sign, as Pratt has it."""
    values = np.asarray(differences, dtype=float)
    ranks = stats.rankdata(np.abs(values))[values != 0]
    values = values[values != 0]
    middle = ranks.sum() / 2
    seen = abs(ranks[values > 0].sum() - middle)
    sums = [np.dot(ranks, signs) for signs in product([0, 1], repeat=len(ranks))]
    return np.mean(np.abs(np.array(sums) - middle) >= seen - 1e-9)


@pytest.mark.parametrize("n", [1, 2, 5, 6, 10, 25, 40])
def test_without_ties_it_is_scipys_exact_test(n, rng):
    for shift in (0.0, 0.5, 1.5):
        values = rng.normal(shift, 1, n)
        exact = stats.wilcoxon(values, method="exact").pvalue
        assert wilcoxon(values) == pytest.approx(exact, rel=1e-9)


def test_with_ties_and_zeros_it_is_the_enumeration_of_all_signs(rng):
    for _ in range(40):
        values = rng.integers(-2, 4, size=rng.integers(2, 11))
        if values.any():
            assert wilcoxon(values) == pytest.approx(enumerated(values), rel=1e-12)


def test_ranks_forgive_rounding():
    """0.3 − 0.2 and 0.4 − 0.3 are one difference, whose rank is shared."""
    values = np.array([0.3 - 0.2, 0.3 - 0.4, 0.05, 0.2, 0.3])
    assert abs(values[0]) < abs(values[1])
    assert enumerated(values) != enumerated(np.round(values, 6)) == wilcoxon(values)


def test_no_difference_at_all_is_1():
    assert wilcoxon([0, 0, 0]) == 1


def test_infinite_differences_rank_highest():
    assert wilcoxon([1, 2, 3, np.inf]) == wilcoxon([1, 2, 3, 4])
    assert wilcoxon([-1, 2, 3, -np.inf]) == wilcoxon([-1, 2, 3, -4])


def test_many_pairs_go_over_into_the_normal_without_a_jump(rng):
    values = np.arange(1, 261) * rng.choice([-1, 1], 260)
    reference = stats.wilcoxon(values, method="approx", correction=True).pvalue
    assert wilcoxon(values) == pytest.approx(reference, rel=1e-6)
    exact = stats.wilcoxon(values, method="exact").pvalue
    assert wilcoxon(values) == pytest.approx(exact, rel=0.01)


def test_nan_and_nothing_are_refused():
    for values in ([], [1, np.nan]):
        with pytest.raises(ValueError, match="a list of differences"):
            wilcoxon(values)


@pytest.mark.parametrize("n", range(1, 13))
def test_the_smallest_p_is_that_of_differences_of_one_sign(n):
    assert smallest_p(n) == wilcoxon(np.arange(1, n + 1)) == wilcoxon([-2.0] * n)


@pytest.mark.parametrize("pairs", [1, 2, 3, 6, 10, 21, 45])
def test_the_fewest_seeds_are_the_first_whose_smallest_p_survives_the_correction(pairs):
    def corrected(n):
        return holm([smallest_p(n)] + [1.0] * (pairs - 1))[0]

    n = fewest_seeds(pairs)
    assert corrected(n) <= ALPHA < corrected(n - 1)


def test_p_is_below_a_level_no_more_often_than_the_level_says(rng):
    sets = rng.normal(size=(2000, 10))
    ps = np.array([wilcoxon(row) for row in sets])
    for level in (0.01, 0.05, 0.2):
        assert (ps <= level).mean() <= level + 3 * np.sqrt(level / 2000)
    assert (ps <= 0.05).mean() > 0.03  # 0.0488 can be reached


def test_holm_is_the_closed_test_with_bonferroni(rng):
    """A pair is rejected if every set that holds it is, by its smallest p times its size."""
    for n in (1, 2, 3, 4, 6):
        ps = list(rng.uniform(0, 0.3, n))
        for i, found in enumerate(holm(ps)):
            rest = [j for j in range(n) if j != i]
            sets = [{i, *more} for k in range(n) for more in combinations(rest, k)]
            brute = max(min(1.0, len(s) * min(ps[j] for j in s)) for s in sets)
            assert found == pytest.approx(brute)


def test_holm_of_equal_and_of_no_ps():
    assert holm([0.02, 0.02, 0.02]) == pytest.approx([0.06] * 3)
    assert holm([]) == []
