"""Reasons only to observe: a run may look ill in these phases and be well.

In warm-up the learning rate is low on purpose; with a cyclic one, ups and downs are; at the edge of
stability single steps rise while the loss falls (Cohen et al., 2021); and a good checkpoint that is
tuned further has little left to fall.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from thalweg.doctor.evidence import Evidence, Point
from thalweg.doctor.past.course import trend

EDGE = (1.2, 3.0)
"""Step ratios that count as near 2."""
TURNS = 4
GOOD = 0.35
"""A run that began below this share of the loss that knows nothing began from a good checkpoint."""


def reasons(evidence: Evidence) -> list[str]:
    """Why no rule about speed should speak.

    Args:
        evidence: with what is known so far.

    Returns:
        Of "warmup", "cyclic", "edge of stability" and "fine-tuning".
    """
    found: list[str] = []
    if warming(evidence.rates):
        found.append("warmup")
    if cyclic(evidence.rates):
        found.append("cyclic")
    near = evidence.ratio is not None and EDGE[0] <= evidence.ratio.value <= EDGE[1]
    if near and trend(evidence).course == "falling":
        found.append("edge of stability")
    if tuning(evidence):
        found.append("fine-tuning")
    return found


def warming(rates: Sequence[Point]) -> bool:
    """The learning rate has risen over the last fifth of the steps, and is at its highest.

    >>> warming([Point(step, 0.1 * step) for step in range(10)])
    True
    """
    if len(rates) < 3:
        return False
    last = [one.value for one in rates[-max(len(rates) // 5, 3) :]]
    rising = all(two >= one for one, two in pairwise(last))
    return rising and last[-1] > 1.02 * last[0] and last[-1] >= max(one.value for one in rates)


def cyclic(rates: Sequence[Point]) -> bool:
    """The learning rate has turned at least four times.

    >>> cyclic([Point(step, 1.0 + step % 5) for step in range(40)])
    True
    """
    values = [one.value for one in rates]
    moves = [two - one for one, two in pairwise(values) if two != one]
    turns = sum(one * two < 0 for one, two in pairwise(moves))
    return turns >= TURNS


def tuning(evidence: Evidence) -> bool:
    """The run began with a loss far below that of a model that knows nothing."""
    first = evidence.initial
    if first is None or evidence.expected is None or not evidence.expected > 0:
        return False
    return 0 <= first < GOOD * evidence.expected
