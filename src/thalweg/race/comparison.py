"""Two entrants on the same seeds, and the rule by which one of them counts as better.

One is better only if all of this holds:

    it wins on more than 75 % of the seeds, and the interval of that share excludes one half
    the signed-rank test, corrected for the number of pairs, gives p ≤ 0.05
    the interval of the mean difference excludes zero, on the side of the winner
    the mean difference exceeds what another search of as many points would change

The last is not about seeds: settings come from a search that had luck of its own, and the same rule
searched at other points ends elsewhere. Everything else is a tie. How often the rule errs, and what
it takes to convince it, is measured in `benchmarks/results/race_statistics.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from thalweg.race.paired import MAJORITY, better, bootstrap
from thalweg.race.power import seeds_needed
from thalweg.race.result import Entrant, Pair, Span
from thalweg.race.signed_rank import ALPHA, fewest_seeds, holm, smallest_p, wilcoxon
from thalweg.train import number

# How many standard deviations of the difference between two searches a gap must exceed. Without it
# more than half of the simulated races of a rule against itself, searched at other points, end with
# a winner where the optimum is sharp; with one standard deviation up to 4 %, with two up to 2 %.
LUCK = 2.0


def compare(a: Entrant, b: Entrant, higher: bool, metric: str = "loss") -> Pair:
    """Compare two entrants by their final runs on the test part.

    Args:
        a: the first.
        b: the second, on the same seeds.
        higher: whether more of the metric is better.
        metric: its name, for the sentences.

    Returns:
        The pair; its verdict knows nothing of audits.

    Raises:
        ValueError: their seeds differ, or there are none.
    """
    return compare_all([a, b], higher, metric)[0]


def compare_all(entrants: Sequence[Entrant], higher: bool, metric: str = "loss") -> list[Pair]:
    """Compare every two entrants, corrected for the number of pairs.

    Args:
        entrants: all of them, each with final runs on the same seeds.
        higher: whether more of the metric is better.
        metric: its name, for the sentences.

    Returns:
        A pair for each two, in order.

    Raises:
        ValueError: the seeds of two differ, or there are none.
    """
    found = [_Comparison.of(a, b, higher, metric) for a, b in combinations(entrants, 2)]
    corrected = holm([one.p for one in found])
    return [one.decide(p, len(found)) for one, p in zip(found, corrected, strict=True)]


def paired(a: Entrant, b: Entrant) -> tuple[np.ndarray, np.ndarray]:
    """The test figures of both, seed by seed.

    Args:
        a: the first.
        b: the second.

    Returns:
        Two arrays of one length, in the order of the seeds.

    Raises:
        ValueError: their seeds differ, or there are none.
    """
    mine, other = ({final.seed: final.test for final in one.finals} for one in (a, b))
    once = len(mine) == len(a.finals) and len(other) == len(b.finals)
    if not mine or mine.keys() != other.keys() or not once:
        raise ValueError(
            f"{a.label} and {b.label} must have run on the same seeds, each once; they have "
            f"{sorted(mine)} and {sorted(other)}; run the final again for both"
        )
    seeds = sorted(mine)
    return np.array([mine[s] for s in seeds]), np.array([other[s] for s in seeds])


def wins(a: Entrant, b: Entrant, higher: bool) -> int:
    """On how many seeds the first beats the second."""
    first, second = paired(a, b)
    return int((first > second).sum() if higher else (first < second).sum())


def luck(a: Entrant, b: Entrant) -> float:
    """The difference that two searches may have by chance; 0 where nothing was searched."""
    return LUCK * math.hypot(*(one.cost.spread for one in (a, b) if one.cost is not None))


@dataclass(frozen=True)
class _Comparison:
    """What was measured of a pair, before the correction for the number of pairs."""

    a: Entrant
    b: Entrant
    higher: bool
    metric: str
    gaps: np.ndarray
    mean: Span
    median: Span
    share: Span
    p: float

    @classmethod
    def of(cls, a: Entrant, b: Entrant, higher: bool, metric: str) -> _Comparison:
        first, second = _worst_for_missing(*paired(a, b), higher)
        gaps = first - second
        return cls(
            a,
            b,
            higher,
            metric,
            gaps,
            mean=bootstrap(gaps, "mean"),
            median=bootstrap(gaps, "median"),
            share=better(first, second, higher),
            p=wilcoxon(gaps),
        )

    def decide(self, p_holm: float, pairs: int) -> Pair:
        leads: Literal["a", "b"] = "a" if self.share.value >= 0.5 else "b"
        against = self.against(leads, p_holm, pairs)
        pair = Pair(
            self.a.key,
            self.b.key,
            self.mean,
            self.median,
            self.p,
            p_holm,
            self.share,
            verdict=leads,
            reason="",
            seeds_needed=None,
        )
        if not against:
            ahead = _turned(self.mean, self.mean.value < 0)
            said, interval = number.difference(self.metric, *astuple(ahead))
            winner = self.a if leads == "a" else self.b
            reason = (
                f"{winner.label} is ahead by {said} (95 % interval {interval}), on "
                f"{_wins(self.gaps, self.mean.value)} of {len(self.gaps)} seeds, p = {p_holm:.2g}."
            )
            return replace(pair, reason=reason)
        by_chance = abs(self.mean.value) <= luck(self.a, self.b)  # which no seed would change
        needed = None if by_chance else seeds_needed(self.gaps, pairs)
        if needed is not None:  # these seeds did not do it, whatever the approximation says
            needed = max(needed, len(self.gaps) + 1)
        return replace(pair, verdict="tie", reason=_sentence(against), seeds_needed=needed)

    def against(self, leads: Literal["a", "b"], p_holm: float, pairs: int) -> list[str]:
        """What speaks against a win of the one that leads; nothing if it has won."""
        if not self.gaps.any():
            return ["they scored the same on every seed"]
        n, found = len(self.gaps), list[str]()
        ahead, mean = self.share, self.mean
        if leads == "b":
            ahead = Span(1 - ahead.value, 1 - ahead.high, 1 - ahead.low)
        mean = _turned(mean, (leads == "b") == self.higher)
        winner, loser = (self.a, self.b) if leads == "a" else (self.b, self.a)
        if n < fewest_seeds(pairs):
            found.append(
                f"{n} seeds can't decide: p is {pairs * smallest_p(n):.2g} at best, and "
                f"{fewest_seeds(pairs)} are the fewest that could"
            )
        elif p_holm > ALPHA:
            found.append(f"the signed-rank test gives p = {p_holm:.2g}, above {ALPHA:g}")
        if ahead.value <= MAJORITY or ahead.low <= 0.5:
            found.append(
                f"{winner.label} beats {loser.label} on {100 * ahead.value:.0f} % of the seeds "
                f"(95 % interval {100 * ahead.low:.0f} to {100 * ahead.high:.0f} %), which must be "
                f"above {100 * MAJORITY:.0f} and clear of 50"
            )
        said, interval = number.difference(self.metric, *astuple(mean))
        if mean.low <= 0:
            found.append(f"the mean difference of {said} has zero in its interval, {interval}")
        by_chance = luck(self.a, self.b)
        if mean.value <= by_chance:
            found.append(
                f"the mean difference of {said} is within the "
                f"{number.distance(self.metric, by_chance)} that two searches may differ by chance"
            )
        return found


def _wins(gaps: np.ndarray, side: float) -> int:
    return int((gaps * side > 0).sum())


def _turned(span: Span, turn: bool) -> Span:
    return Span(-span.value, -span.high, -span.low) if turn else span


def _sentence(parts: list[str]) -> str:
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _worst_for_missing(
    first: np.ndarray, second: np.ndarray, higher: bool
) -> tuple[np.ndarray, np.ndarray]:
    """A figure that is not finite counts as the worst of the two entrants' that is."""
    both = np.concatenate([first, second])
    there = both[np.isfinite(both)]
    if not len(there):
        return np.zeros_like(first), np.zeros_like(second)
    worst = there.min() if higher else there.max()
    filled = np.where(np.isfinite(both), both, worst)
    return filled[: len(first)], filled[len(first) :]
