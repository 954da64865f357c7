"""Work: what goes to a worker, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

from thalweg.race.job import Job
from thalweg.train.record import Record


@dataclass(frozen=True)
class Work:
    """Jobs that one worker does in one go: a single one, or several as one batched model."""

    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class Failure:
    """Why there are no records.

    Attributes:
        kind: "lost" with the worker, so that it may be tried again; "failed" by what was asked.
        reason: one line.
    """

    kind: Literal["lost", "failed"]
    reason: str


Outcome = list[Record] | Failure


class Executor(Protocol):
    """Who runs the jobs. It knows nothing of the ledger, which the referee alone writes."""

    @property
    def size(self) -> int:
        """How much work can go on at once; more of it queues up."""
        ...

    def submit(self, work: Work) -> None:
        """Take work over; never waits for it."""
        ...

    def wait(self, timeout: float | None = None) -> list[tuple[Work, Outcome]]:
        """What has ended since the last call.

        Args:
            timeout: seconds to wait for the first; None waits as long as it takes.

        Returns:
            Each work with its records, in the order of its jobs, or with why there are none;
            empty if the time is over, or if there is no work.
        """
        ...

    def close(self) -> None:
        """End at once; what is not done is dropped."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def at_least_one(name: str, value: int) -> int:
    """The value, if it counts something (ValueError)."""
    if value < 1:
        raise ValueError(f"{name}={value} is below 1; 1 runs one after the other")
    return value


class Closing:
    """Closed at the end of a `with`."""

    def close(self) -> None:
        """End at once; what is not done is dropped."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
