"""How much a wrong learning rate costs, read from the points of the search.

    excess = mean over log η of L̂(η) − L*      within a factor of ten around the best, η*
    L̂(η) = min(L(η), L₀)                       L₀ is the model before training; for a loss

L(η) is the best score found near a learning rate, whatever the other hyper-parameters were there:
from 10 points on they are taken two by two along log η, and the better of the two stands for both,
at its own learning rate. Between them log η is interpolated. After Wortsman et al. 2023
(arXiv:2309.14322).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from thalweg.race.result import Sensitivity
from thalweg.train import number

WINDOW = 10.0  # the factor either way, the same for all rules: their ranges differ
LOST = 0.25  # of the gain over the start, after which a learning rate counts as wrong
PAIRED = 10  # points; fewer search nothing but the learning rate, and each stands for itself


def sensitivity(
    lrs: Sequence[float],
    scores: Sequence[float | None],
    start: float,
    higher: bool,
    metric: str = "loss",
) -> Sensitivity:
    """How much a wrong learning rate costs.

    Args:
        lrs: the learning rate of every point.
        scores: of every point; None for one that failed, diverged or was stopped.
        start: the score before training; nothing counts as worse.
        higher: whether more is better.
        metric: the score's name, for the sentence.

    Returns:
        The mean loss of score within a factor of ten around the best learning rate, as far as that
        was searched; and what is forgiven: the factor up to which, either way, at most a quarter
        of the gain over the start is lost. An end of the search is not a loss: where it comes
        first, the factor is a lower bound, and the sentence says "at least".

    Raises:
        ValueError: as many scores as learning rates are needed, and these above 0.

    Example:
        >>> lrs, losses = [0.001, 0.01, 0.1, 1.0], [1.5, 1.0, 1.5, None]
        >>> sensitivity(lrs, losses, start=2.0, higher=False).sentence
        'Forgives a learning rate 3.2 times too large or too small; 10 times costs up to 0.5.'
    """
    positions, losses, gain = _curve(lrs, scores, start, higher)
    if gain <= 0:
        return Sensitivity(0.0, 1.0, "No learning rate did better than the start.")
    best = int(losses.argmin())
    middle = float(positions[best])
    window = math.log10(WINDOW)
    left, right = max(positions[0], middle - window), min(positions[-1], middle + window)
    inside = positions[(positions > left) & (positions < right)]
    grid = np.concatenate([[left], inside, [right]])
    heights = np.interp(grid, positions, losses)
    wide = float(right - left)
    excess = float(np.trapezoid(heights, grid)) / wide if wide else 0.0
    down, fell = _reach(middle - positions[best::-1], losses[best::-1], LOST * gain)
    up, rose = _reach(positions[best:] - middle, losses[best:], LOST * gain)
    forgives = 10 ** min(down, up)
    # The nearer side decides; where that is an end of the search, nothing was lost up to there.
    bounded = fell if down < up else rose if up < down else fell and rose
    sentence = _sentence(forgives, bounded, float(max(heights[0], heights[-1])), wide, metric)
    return Sensitivity(excess, forgives, sentence)


def _curve(
    lrs: Sequence[float], scores: Sequence[float | None], start: float, higher: bool
) -> tuple[np.ndarray, np.ndarray, float]:
    """Log learning rates, ascending; what is lost there against the best; the gain of the best."""
    rates = np.asarray(lrs, dtype=float)
    if not len(rates) or len(rates) != len(scores) or not (rates > 0).all():
        raise ValueError(
            f"{len(rates)} learning rates and {len(scores)} scores; as many of each are needed, "
            "and learning rates above 0"
        )
    sign = 1.0 if higher else -1.0
    gains = np.array(
        [0.0 if one is None or one != one else max(0.0, sign * (one - start)) for one in scores]
    )
    order = np.argsort(rates, kind="stable")
    logs, gains = np.log10(rates)[order], gains[order]
    found: dict[float, float] = {}
    bins = len(logs) // 2 if len(logs) >= PAIRED else len(logs)
    for few in np.array_split(np.arange(len(logs)), bins):
        top = float(gains[few].max())
        # Where a whole bin failed, its middle stands for it.
        place = float(logs[few][gains[few].argmax()] if top else logs[few].mean())
        found[place] = max(top, found.get(place, 0.0))
    positions, tops = np.array(sorted(found.items())).T
    return positions, tops.max() - tops, float(tops.max())


def _reach(away: np.ndarray, losses: np.ndarray, allowed: float) -> tuple[float, bool]:
    """How far from the best until more is lost than allowed, and whether that happens at all."""
    for i in range(1, len(away)):
        if losses[i] > allowed:
            part = (allowed - losses[i - 1]) / (losses[i] - losses[i - 1])
            return float(away[i - 1] + part * (away[i] - away[i - 1])), True
    return float(away[-1]), False


def _sentence(forgives: float, bounded: bool, cost: float, wide: float, metric: str) -> str:
    if not bounded and forgives < 1.5:
        return "The best learning rate lies at an end of the search: what it forgives is not known."
    least = "" if bounded else "at least "
    said = number.factor(forgives)
    first = f"Forgives a learning rate {least}{said} times too large or too small"
    if forgives < 1.5:
        first = "Forgives almost nothing: a learning rate half as large or twice as large is wrong"
    far = "10 times" if wide > 1.999 * math.log10(WINDOW) else "up to 10 times, where searched,"
    return f"{first}; {far} costs up to {number.distance(metric, cost)}."
