"""How many seeds would decide what these could not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from thalweg.race.paired import LEVEL, MAJORITY
from thalweg.race.signed_rank import ALPHA, fewest_seeds

POWER = 0.8
MOST = 10_000  # nobody runs more


def seeds_needed(differences: Sequence[float] | np.ndarray, pairs: int = 1) -> int | None:
    """The number of seeds at which a gap as seen here would be decided in four races of five.

    The gap's mean and standard deviation are taken for true and the differences for normal. Two
    parts of the verdict's rule then ask for seeds: the signed-rank test, as many as a z-test
    divided by its efficiency 3/π, and z²/2 more because the deviation is estimated (Guenther 1981);
    and the share of seeds that are won, whose number is binomial. The larger counts. It is an
    approximation: `benchmarks/results/race_statistics.md` has the power that the rule then reaches.

    Args:
        differences: one for each seed.
        pairs: how many pairs are compared in all, for Holm's correction.

    Returns:
        Seeds; None if there is no gap, a single difference, more than 10,000 would be needed, or
        the gap is so small against its spread that less than 75 % of all seeds would be won.

    Example:
        >>> seeds_needed([0.2, 0.1, -0.1, 0.3, 0.1, 0.2])
        13
        >>> seeds_needed([0.2, -0.2, 0.1, -0.1]) is None
        True
    """
    from scipy import stats

    values = np.asarray(differences, dtype=float)
    if len(values) < 2 or not np.isfinite(values).all() or not values.any():
        return None
    gap, spread = abs(float(values.mean())), float(values.std(ddof=1))
    fewest = fewest_seeds(pairs)
    if spread <= 1e-12 * gap:
        return fewest
    effect = gap / spread
    share = float(stats.norm.cdf(effect))
    if share <= MAJORITY:
        return None
    sure = float(stats.norm.ppf(1 - ALPHA / (2 * max(1, pairs))))
    reach = (sure + float(stats.norm.ppf(POWER))) / effect
    ranks = math.ceil(math.pi / 3 * reach**2 + sure**2 / 2)
    counts = np.arange(max(fewest, ranks), MOST + 1)
    enough = stats.binom.sf(wins_needed(counts) - 1, counts, share) >= POWER
    return int(counts[enough.argmax()]) if enough.any() else None


def wins_needed(seeds: np.ndarray) -> np.ndarray:
    """How many seeds must be won, for each number of them.

    More than three quarters, and so many that the interval of their share excludes one half.

    >>> wins_needed(np.array([6, 10, 20]))
    array([ 6,  9, 16])
    """
    from scipy import stats

    wins = np.floor(MAJORITY * seeds).astype(int) + 1
    while True:
        low = stats.binom.ppf((1 - LEVEL) / 2, seeds, wins / seeds)
        short = (low <= seeds / 2) & (wins < seeds)
        if not short.any():
            return wins
        wins = wins + short
