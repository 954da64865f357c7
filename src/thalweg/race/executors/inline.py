"""In this process: one work after the other. What every other executor must agree with."""

from __future__ import annotations

from collections import deque

from thalweg.race.perform import attempt
from thalweg.race.reference import Reference
from thalweg.race.work import Closing, Outcome, Work


class Inline(Closing):
    """Runs jobs here, with this process's threads; nothing is pickled, nothing is started.

    Args:
        reference: to the task.

    Example:
        >>> from thalweg.race.job import Job
        >>> job = Job("bowl", "sgd", "1.0", {"lr": 0.1}, batch=None, epochs=5, seed=0)
        >>> with Inline(Reference.of("bowl")) as executor:
        ...     executor.submit(Work((job,)))
        ...     [(work, records)] = executor.wait()
        >>> records[0].status
        'finished'
    """

    size = 1

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._todo: deque[Work] = deque()

    def submit(self, work: Work) -> None:
        """Take work over; `wait` does it."""
        self._todo.append(work)

    def wait(self, timeout: float | None = None) -> list[tuple[Work, Outcome]]:
        """Do one work, to its end.

        Args:
            timeout: means nothing here.

        Returns:
            It, with what came of it; empty if there is none.
        """
        if not self._todo:
            return []
        work = self._todo.popleft()
        return [(work, attempt(self._reference, work.jobs))]

    def close(self) -> None:
        """Drop what is left."""
        self._todo.clear()
