"""Factored: averages of squares by rows and columns, in place of one for each element.

R   average of the squares in a row         C   average of the squares in a column
V ≈ R C / mean(R)                           equal where V is a column times a row

Of all pairs of a column and a row this is the one nearest to V in Kullback and Leibler's sense, and
r + c numbers take the place of r · c (Shazeer & Stern 2018, section 3).
"""

from typing import Any

from thalweg.rules.kinds import Array
from thalweg.rules.words import column_mean, maximum, mean, sqrt, where


def root(rows: Array, columns: Array, floor: float = 0.0) -> Array:
    """√V; `floor` keeps the mean of R from zero."""
    return sqrt(rows / maximum(column_mean(rows), floor)) * sqrt(columns)


def rms(x: Array) -> Any:
    """The root of the mean square of one tensor: a number."""
    return sqrt(mean(x * x))


def clipped(update: Array, length: float) -> Array:
    """The update, made shorter if its RMS is more than `length`."""
    excess = rms(update) / length
    return update * (1 / where(excess > 1, excess, 1.0))  # not `maximum`: NaN stays in its element
