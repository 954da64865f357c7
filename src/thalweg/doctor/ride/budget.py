"""The time that a watch may take: a share of the loop's own, kept by measuring itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

LONGEST = 5.0
"""Usual steps that a gap counts as at most: while a loop evaluates or waits, it earns nothing."""
SAVED = 1.0
"""Seconds of credit at most, so that a long quiet time is not followed by a burst."""


class Budget:
    """Credit that grows with the loop's time and shrinks with the watch's own.

    Args:
        share: of the loop's time, such as 0.02.

    Example:
        >>> budget = Budget(0.02)
        >>> budget.affords("look", guess=0.01)
        False
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self.credit = 0.0
        self.spent = 0.0
        self.seconds = 0.0
        self.costs: dict[str, float] = {}
        self._usual = 0.0
        self._last = perf_counter()

    def tick(self) -> None:
        """A step has ended."""
        now = perf_counter()
        gap = now - self._last
        self._last = now
        if self._usual:
            gap = min(gap, LONGEST * self._usual)
            self._usual += 0.1 * (gap - self._usual)
        else:
            self._usual = gap
        self.seconds += gap
        self.credit = min(self.credit + self.share * gap, SAVED)

    def affords(self, kind: str, guess: float = 0.0) -> bool:
        """Whether something that costs as much as it did last time is within the share.

        Args:
            kind: its name.
            guess: seconds, as long as it was never done.
        """
        return self.credit >= self.costs.get(kind, guess)

    @contextmanager
    def charged(self, kind: str) -> Iterator[None]:
        """Measure what is done inside, and pay for it."""
        begin = perf_counter()
        try:
            yield
        finally:
            took = perf_counter() - begin
            self.credit -= took
            self.spent += took
            known = self.costs.get(kind, took)
            self.costs[kind] = 0.5 * (known + took)
