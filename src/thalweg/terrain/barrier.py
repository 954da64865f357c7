"""The line between two solutions: is there a barrier, and is it more than the sample's chance?

Goodfellow et al. (2015), "Qualitatively characterizing neural network optimization problems"; the
barrier as in Frankle et al. (2020), "Linear Mode Connectivity and the Lottery Ticket Hypothesis".
The shape of a straight line says little about how training went (Vlaar & Frankle 2022), and two
networks whose hidden units are in another order have a barrier between them though they compute
the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import isfinite, nan, sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thalweg.probe import Probe
from thalweg.probe.probe import GROUPS

COUNT = 41
"""Points of a line: every twentieth, both ends among them."""

ENDS = (-0.5, 1.5)
STUDENT = 2.131
"""The 97.5 % point of Student's t with 15 degrees of freedom, for sixteen groups."""


@dataclass
class Profile:
    """The loss along a line, on one part of the data.

    Attributes:
        part: "train" or "validation".
        alpha: places: 0 is the first solution, 1 the second.
        loss: there.
        noise: its standard error, from sixteen groups of samples.
        barrier: how far the highest point between the two lies above the straight line between
            their losses; 0 or less where nothing does.
        low: lower end of its 95 % interval: of the same place on other samples.
        high: upper end.
        at: where it is.
    """

    part: str
    alpha: list[float]
    loss: list[float]
    noise: list[float]
    barrier: float
    low: float
    high: float
    at: float

    @property
    def is_barrier(self) -> bool:
        """Whether the interval lies above 0."""
        return self.low > 0

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers; what is not finite is None."""
        plain = asdict(self)
        for name, value in plain.items():
            if isinstance(value, list):
                plain[name] = [one if isfinite(one) else None for one in value]
            elif isinstance(value, float) and not isfinite(value):
                plain[name] = None
        return plain

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Profile:
        """Make a profile of what `to_dict` gave."""
        found: dict[str, Any] = {k: nan if v is None else v for k, v in plain.items()}
        for name in ("alpha", "loss", "noise"):
            found[name] = [nan if one is None else one for one in found[name]]
        return cls(**found)


def profile(
    probe: Probe,
    start: Tensor,
    end: Tensor,
    part: str = "train",
    *,
    count: int = COUNT,
    on_progress: Callable[[int, int], object] | None = None,
) -> Profile:
    """Measure the loss along the line through two solutions.

    Args:
        probe: the loss on one part of the data.
        start: the first solution, shape (weights,).
        end: the second.
        part: what the data are, for the result.
        count: points from -0.5 to 1.5; at least 25, and of the form 4 n + 1, so that both
            solutions and the middle are among them.
        on_progress: called with points done and points in all.

    Returns:
        The profile.

    Raises:
        ValueError: a count of another form.
    """
    if type(count) is not int or count < 25 or count % 4 != 1:
        raise ValueError(f"count={count!r} is not 25, 29, 33 and so on; {COUNT} is usual")
    alphas = np.linspace(*ENDS, count).round(12)
    losses, groups = [], []
    for done, alpha in enumerate(alphas.tolist()):
        vector = torch.lerp(start, end, alpha)
        losses.append(probe.value(vector))
        groups.append(_groups(probe, vector))
        if on_progress is not None:
            on_progress(done + 1, count)
    return _judged(part, alphas, np.array(losses), np.stack(groups))


def _groups(probe: Probe, vector: Tensor) -> np.ndarray:
    """The mean loss of each of sixteen groups of samples."""
    size = max(1, len(probe.sample) // GROUPS)
    with probe.ready(), torch.no_grad():
        params, buffers = probe.weights.named(vector), probe.buffers(vector)
        parts = [some for some in probe.sample.split(size) if len(some) == size][:GROUPS]
        return np.array([float(probe.loss_of(params, buffers, some)) for some in parts])


def _judged(part: str, alphas: np.ndarray, losses: np.ndarray, groups: np.ndarray) -> Profile:
    first, last = (int(np.argmin(abs(alphas - end))) for end in (0.0, 1.0))
    chord = (1 - alphas) * losses[first] + alphas * losses[last]
    above = (losses - chord)[first : last + 1]
    count = groups.shape[1]
    noise = groups.std(axis=1, ddof=1) / sqrt(count) if count > 1 else np.zeros(len(alphas))
    low = high = barrier = at = nan
    if np.isfinite(losses[[first, last]]).all() and np.isfinite(above).any():
        top = first + int(np.nanargmax(np.where(np.isfinite(above), above, -np.inf)))
        barrier, at = float(losses[top] - chord[top]), float(alphas[top])
        share = alphas[top]
        # Paired: the three losses are of the same samples, whose luck they share.
        lift = groups[top] - (1 - share) * groups[first] - share * groups[last]
        wide = STUDENT * float(lift.std(ddof=1)) / sqrt(count) if count > 1 else 0.0
        low, high = barrier - wide, barrier + wide
    return Profile(part, alphas.tolist(), losses.tolist(), noise.tolist(), barrier, low, high, at)
