"""What tuning buys: the expected best score after so many points of a search.

    E[best of k] = Σᵢ v₍ᵢ₎ C(n − i, k − 1) / C(n, k)       unbiased: k drawn from n, none twice
    E[best of k] ≈ Σᵢ v₍ᵢ₎ (((n − i + 1)/n)ᵏ − ((n − i)/n)ᵏ)    plug-in: drawn with replacement

v₍₁₎ is the best of the n scores. The plug-in is Dodge et al. 2019 (arXiv:1909.03004); it is biased
towards worse scores (Tang et al. 2020, arXiv:2004.13705). The unbiased one varies most where k
comes near n (Dodge et al. 2021, arXiv:2110.00613), so it is trusted up to half of the points.

Points must be exchangeable: of one design, none chosen by looking at others. The one that was given
beforehand, the default, counts as one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from thalweg.race.result import Cost

BAND = 0.90


def weights(n: int, k: int, plug_in: bool = False) -> list[float]:
    """How much each of n scores, best first, counts in the expected best of k. They sum to 1.

    >>> weights(4, 1)
    [0.25, 0.25, 0.25, 0.25]
    >>> weights(4, 4)
    [1.0, 0.0, 0.0, 0.0]
    """
    if not 1 <= k <= n:
        raise ValueError(f"the best of {k} out of {n} scores: from 1 to {n} can be drawn")
    if plug_in:
        return [((n - i + 1) / n) ** k - ((n - i) / n) ** k for i in range(1, n + 1)]
    return [math.comb(n - i, k - 1) / math.comb(n, k) for i in range(1, n + 1)]


def expected_best(
    values: Sequence[float] | np.ndarray, k: int, higher: bool, plug_in: bool = False
) -> float:
    """The expected best of k scores drawn from these.

    Args:
        values: scores, of a design whose points are exchangeable.
        k: how many are drawn.
        higher: whether more is better.
        plug_in: draw with replacement, as Dodge et al. 2019.

    Returns:
        The expectation.

    Raises:
        ValueError: k is not from 1 to the number of scores.

    Example:
        >>> expected_best([1.0, 2.0, 3.0], 2, higher=True)
        2.6667
        >>> expected_best([1.0, 2.0, 3.0], 3, higher=False)
        1.0
    """
    best_first = _best_first(np.asarray(values, dtype=float), higher)
    return float(best_first @ weights(len(best_first), k, plug_in))


def tuning_cost(
    scores: Sequence[float | None],
    worst: float,
    higher: bool,
    seconds: float,
    samples: int = 2_000,
    seed: int = 0,
) -> Cost:
    """The tuning-cost curve of a search.

    Args:
        scores: of every point, in any order; None for one that failed, diverged or was stopped.
        worst: what those count as, such as the score before training; or the worst of the others,
            if that is worse still.
        higher: whether more is better.
        seconds: of training, a point.
        samples: searches resampled from the points, for band and spread.
        seed: of the resampling.

    Returns:
        The curve.

    Raises:
        ValueError: no points, or a score that is not finite.
    """
    found = [worst, *(score for score in scores if score is not None)]
    if not len(scores) or not np.isfinite(found).all():
        raise ValueError(
            f"a tuning-cost curve needs scores that are finite, got {list(scores)} and "
            f"{worst} for the worst; None is for a point that failed"
        )
    last = min(found) if higher else max(found)
    filled = np.array([last if score is None else score for score in scores])
    n = len(filled)
    table = np.array([weights(n, k) for k in range(1, n + 1)]).T
    searches = np.random.default_rng(seed).choice(filled, size=(samples, n))
    resampled = _best_first(searches, higher)
    tail = 50 * (1 - BAND)
    low, high = np.percentile(resampled @ table, [tail, 100 - tail], axis=0)
    middle = _best_first(filled, higher) @ table
    return Cost(
        points=list(range(1, n + 1)),
        middle=middle.tolist(),
        low=np.minimum(low, middle).tolist(),
        high=np.maximum(high, middle).tolist(),
        trusted=n // 2,
        seconds=seconds,
        spread=float(resampled[:, 0].std()),
    )


def _best_first(scores: np.ndarray, higher: bool) -> np.ndarray:
    return -np.sort(-scores, axis=-1) if higher else np.sort(scores, axis=-1)
