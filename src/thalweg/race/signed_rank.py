"""The signed-rank test, exact also with ties and zeros, and Holm's correction for many pairs.

Under no difference every sign is as likely as its opposite. The p-value is the share of all 2ⁿ
ways to draw them whose sum of ranks is at least as far from the middle as the one that was seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

ALPHA = 0.05
EXACT = 200  # pairs; beyond, the sum of the ranks is normal to four digits
DIGITS = 5  # two differences that agree in so many share a rank: metrics are single precision


def wilcoxon(differences: Sequence[float] | np.ndarray) -> float:
    """Wilcoxon's signed-rank test, two-sided, exact up to 200 pairs.

    Equal differences share their mean rank. Zeros keep the lowest ranks while ranking and drop out
    then (Pratt 1959): dropped before, as Wilcoxon did, they could make the same gap look surer than
    it would without them. Ranks are counted in halves, and the sum's distribution is built one
    rank at a time, so that ties cost no exactness.

    Args:
        differences: one for each pair; infinite ones rank highest.

    Returns:
        The p-value; 1 if no two differ.

    Raises:
        ValueError: no difference, or one that is NaN.

    Example:
        >>> wilcoxon([1, 2, 3, 4, 5, 6]) == smallest_p(6)
        True
        >>> wilcoxon([1, -1, 0, 0])
        1.0
    """
    from scipy import stats

    values = np.asarray(differences, dtype=float)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        raise ValueError("a signed-rank test needs a list of differences, and none that is NaN")
    sizes = [float(f"{size:.{DIGITS}g}") for size in np.abs(values)]
    doubled = np.rint(2 * stats.rankdata(sizes)).astype(int)[values != 0]
    if not len(doubled):
        return 1.0
    total = int(doubled.sum())
    seen = int(doubled[values[values != 0] > 0].sum())
    if len(doubled) > EXACT:
        away = abs(seen - total / 2) - 1.0  # half a rank, for a sum of whole ones
        return min(1.0, 2 * float(stats.norm.sf(away, scale=np.sqrt((doubled**2.0).sum()) / 2)))
    chances = np.zeros(total + 1)
    chances[0] = 1.0
    for rank in doubled:
        # Half of the ways leave this rank out of the sum, half add it.
        moved = np.zeros_like(chances)
        moved[rank:] = chances[: total + 1 - rank]
        chances = (chances + moved) / 2
    return min(1.0, 2 * float(chances[max(seen, total - seen) :].sum()))


def smallest_p(seeds: int) -> float:
    """The smallest p-value that so many pairs can give: 2 / 2ⁿ, where all point one way.

    >>> smallest_p(5), smallest_p(6)
    (0.0625, 0.03125)
    """
    return min(1.0, 2.0 ** (1 - seeds))


def fewest_seeds(pairs: int = 1) -> int:
    """The fewest seeds with which a pair can be told apart at all, after Holm's correction.

    >>> fewest_seeds(), fewest_seeds(pairs=3), fewest_seeds(pairs=10)
    (6, 7, 9)
    """
    return 1 + math.ceil(math.log2(max(1, pairs) / ALPHA))


def holm(ps: Sequence[float]) -> list[float]:
    """P-values corrected for their number, as Holm (1979) does: the smallest times n, and so on.

    Args:
        ps: p-values, one for each pair.

    Returns:
        The corrected ones, in the same order: the level at which each would be rejected while the
        chance of any false rejection stays below that level.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    found = [0.0] * len(ps)
    largest = 0.0
    for place, number in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        largest = max(largest, min(1.0, (len(ps) - place) * ps[number]))
        found[number] = largest
    return found
