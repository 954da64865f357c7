"""Who is faster: several methods on one task, from the same weights, over the same data."""

from thalweg.race.contestant import Contestant, line_up
from thalweg.race.referee import race
from thalweg.race.result import Result
from thalweg.race.valley import Track, Valley

__all__ = ["Contestant", "Result", "Track", "Valley", "line_up", "race"]
