"""Differences seed by seed, and how sure they are: bootstrap intervals.

Two runs on one seed share their first weights and the order of their data, so their difference
says more than the difference of two means.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np

from thalweg.race.result import Span

LEVEL = 0.95
MAJORITY = 0.75  # of the seeds; a method that wins on fewer is not worth a change
FEW = 10  # below, the bias and skewness that BCa corrects for are themselves a guess

Method = Literal["BCa", "percentile"]


def bootstrap(
    differences: Sequence[float] | np.ndarray,
    statistic: Literal["mean", "median"] = "mean",
    samples: int = 10_000,
    seed: int = 0,
) -> Span:
    """The mean or median of paired differences, with a 95 % bootstrap interval.

    BCa (Efron 1987); percentiles below 10 pairs. Both are narrower than they claim for few pairs:
    `benchmarks/results/race_statistics.md` has the coverage, and the verdict asks for more than
    this interval.

    Args:
        differences: one for each seed.
        statistic: of what.
        samples: resamples drawn.
        seed: of the resampling.

    Returns:
        The estimate and its interval: a point where all differences are equal, or there is one;
        NaN where one is not finite, of which no interval can be had.

    Raises:
        ValueError: no difference.

    Example:
        >>> span = bootstrap([0.1, 0.3, 0.2, 0.4, 0.1, 0.2, 0.3, 0.2, 0.1, 0.3])
        >>> 0.1 < span.low < span.value < span.high < 0.3
        True
    """
    method: Method = "BCa" if len(differences) >= FEW else "percentile"
    return _interval(_checked(differences), statistic, samples, seed, method)


def better(
    a: Sequence[float] | np.ndarray,
    b: Sequence[float] | np.ndarray,
    higher: bool,
    samples: int = 10_000,
    seed: int = 0,
) -> Span:
    """The probability that a run of `a` beats a run of `b` on the same seed; ties count half.

    A percentile interval, as Bouthillier et al. 2021 (arXiv:2103.03098) have it. BCa moves on the
    few values that a share can take: at 9 wins of 10 its lower end falls from 0.7 to 0.5. Where
    all seeds agree, resampling would claim certainty; the far end is then 0.05 to the power of
    1/n, the share at which so many wins in a row still happen once in twenty times.

    Args:
        a: figures of the first, one for each seed.
        b: of the second, on the same seeds.
        higher: whether more is better.
        samples: resamples drawn.
        seed: of the resampling.

    Returns:
        The share and its 95 % interval.

    Raises:
        ValueError: not the same number of figures, none, or one that is NaN.

    Example:
        >>> better([3, 3, 3, 3, 3, 3], [1, 1, 1, 1, 1, 1], higher=True)
        Span(value=1.0, low=0.607, high=1.0)
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} figures and {len(second)}: pairs need as many of each")
    if np.isnan(first).any() or np.isnan(second).any():
        raise ValueError("a figure is NaN; say what a failed run counts as")
    ahead = first > second if higher else first < second
    wins = np.where(first == second, 0.5, ahead.astype(float))
    span = _interval(_checked(wins), "mean", samples, seed, "percentile")
    surest = (1 - LEVEL) ** (1 / len(wins))
    if span.value == 1:
        return Span(1.0, surest, 1.0)
    return Span(0.0, 0.0, 1 - surest) if span.value == 0 else span


def _checked(values: Sequence[float] | np.ndarray) -> np.ndarray:
    found = np.asarray(values, dtype=float)
    if found.ndim != 1 or not len(found):
        raise ValueError(
            f"differences of shape {found.shape}; a list with one for each seed, please"
        )
    return found


def _interval(values: np.ndarray, statistic: str, samples: int, seed: int, method: Method) -> Span:
    from scipy import stats

    if not np.isfinite(values).all():
        return Span(math.nan, math.nan, math.nan)
    of = np.mean if statistic == "mean" else np.median
    value = float(of(values))
    # Equal but for rounding is equal: resampling rounding would give an interval of noise.
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        return Span(value, value, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BCa without an answer is seen to below
        found = stats.bootstrap(
            (values,),
            of,
            n_resamples=samples,
            confidence_level=LEVEL,
            method=method,
            rng=np.random.default_rng(seed),
        ).confidence_interval
    low, high = float(found.low), float(found.high)
    if not (math.isfinite(low) and math.isfinite(high)):
        # The median without any one value is often the same, so that BCa divides by zero.
        return _interval(values, statistic, samples, seed, "percentile")
    return Span(value, min(low, value), max(high, value))
