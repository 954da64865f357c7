"""The course of a run, as several symptoms ask for it: is it flat, what is the learning rate?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from thalweg.doctor.evidence import Estimate, Evidence, Layer, Point
from thalweg.doctor.past.slope import slope

Course = Literal["falling", "flat", "rising", "unknown"]

PROBES = 3
STEPS = 50
TAIL = 0.1
"""A learning rate below this share of its largest is in the tail of a decay."""
DRIFT = 0.02
"""A fall that would take less than this share of the loss over the last fifth counts as flat."""


@dataclass(frozen=True)
class Trend:
    """Which way the loss goes.

    Attributes:
        course: "falling" or "rising" where the slope's interval says so, "flat" where it holds 0
            or the change is too small to matter, "unknown" where too little is known.
        slope: of the logarithm of the loss, for each step; None where unknown.
        change: what that slope makes of the loss over the last fifth: -0.3 is a fall by 30 %.
    """

    course: Course
    slope: Estimate | None
    change: float


def trend(evidence: Evidence) -> Trend:
    """Which way the loss goes: on the probe set where that was followed, else in training.

    Example:
        >>> falling = [Point(step, 0.99**step) for step in range(200)]
        >>> trend(Evidence(losses=falling)).course
        'falling'
    """
    known = history(evidence)
    found = slope(known)
    if found is None:
        return Trend("unknown", None, 0.0)
    window = 0.2 * (known[-1].step - known[0].step)
    change = math.expm1(max(min(found.value * window, 50.0), -50.0))
    if found.high < 0 and change < -DRIFT:
        return Trend("falling", found, change)
    if found.low > 0 and change > DRIFT:
        return Trend("rising", found, change)
    return Trend("flat", found, change)


def history(evidence: Evidence) -> list[Point]:
    """The loss over time: on the probe set, in training, or on the training part."""
    if len(evidence.probe_losses) >= 8:
        return evidence.probe_losses
    if evidence.losses:
        return evidence.losses
    return [Point(one.step, one.train) for one in evidence.evaluations]


def lr(evidence: Evidence) -> float | None:
    """The learning rate in use; None where there is none, or it isn't known.

    >>> lr(Evidence(hypers={"lr": 0.1})), lr(Evidence(hypers={"lr": 0.1}, rates=[Point(5, 0.01)]))
    (0.1, 0.01)
    """
    if evidence.rates:
        return evidence.rates[-1].value
    return number(evidence, "lr")


def number(evidence: Evidence, name: str) -> float | None:
    """One of the optimizer's numbers; None where it has none of that name, or a schedule.

    >>> number(Evidence(hypers={"eps": 1e-8, "nesterov": True}), "nesterov") is None
    True
    """
    value: object = evidence.hypers.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def left(evidence: Evidence) -> float | None:
    """The share of the loss before the first step that is left; None where either is not known.

    >>> left(Evidence(initial=2.0, losses=[Point(step, 0.5) for step in range(10)]))
    0.25
    """
    first = evidence.initial or evidence.expected
    known = history(evidence)
    if not first or first <= 0 or not known:
        return None
    return middle(one.value for one in known[-10:]) / first


def learnt(evidence: Evidence, share: float) -> bool:
    """Less than a share of the loss of knowing nothing is left, of the last 20 steps' median.

    >>> learnt(Evidence(expected=2.0, losses=[Point(step, 0.1) for step in range(30)]), 0.1)
    True
    """
    recent = [one.value for one in evidence.losses[-20:]]
    base = evidence.expected or evidence.initial
    return bool(recent) and bool(base) and middle(recent) < share * (base or 0.0)


def in_tail(evidence: Evidence) -> bool:
    """The learning rate has been brought down, below a tenth of its largest."""
    if not evidence.rates:
        return False
    largest = max(one.value for one in evidence.rates)
    return largest > 0 and evidence.rates[-1].value < TAIL * largest


def enough(*estimates: Estimate | None) -> bool:
    """Each of them is measured, and by three probes at least."""
    return all(one is not None and one.count >= PROBES for one in estimates)


def matrices(evidence: Evidence) -> list[Layer]:
    """The trained weights of two axes and more, in the order of the forward pass.

    Biases and gains are left out: they start at 0 or 1, and their ratios say nothing.
    """
    found = [
        one
        for one in evidence.layers
        if len(one.shape) >= 2 and one.trainable and one.owned and one.weight > 0
    ]
    return sorted(found, key=lambda one: -1 if one.depth is None else one.depth)


def middle(values: Iterable[float]) -> float:
    """The median of what is finite; not a number where nothing is.

    >>> middle([3.0, 1.0, float("nan"), 2.0])
    2.0
    """
    kept = sorted(one for one in values if math.isfinite(one))
    if not kept:
        return math.nan
    half = len(kept) // 2
    return kept[half] if len(kept) % 2 else (kept[half - 1] + kept[half]) / 2
