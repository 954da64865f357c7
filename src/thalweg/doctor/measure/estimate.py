"""Probes into one number with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from thalweg.doctor.evidence import Estimate


def spread(values: Sequence[float]) -> Estimate | None:
    """The median of some probes, and between which two numbers 95 % of them lie.

    Args:
        values: one for each probe; infinite ones count, those that are no numbers don't.

    Returns:
        The estimate; None where there are no values.

    Example:
        >>> spread([1.0, 2.0, 9.0])
        Estimate(value=2.0, low=1.05, high=8.65, count=3)
    """
    known = [one for one in values if not math.isnan(one)]
    if not known:
        return None
    # The nearest probes instead of points between them, where one is infinite: inf - inf is none.
    method = "linear" if all(map(math.isfinite, known)) else "nearest"
    low, middle, high = np.quantile(known, (0.025, 0.5, 0.975), method=method)
    return Estimate(float(middle), float(low), float(high), len(known))
