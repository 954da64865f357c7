"""Workers: threads that compute, so that the server goes on listening meanwhile.

A thread can't be ended from outside. So a job is handed a deadline and looks at it now and then;
all jobs are bounded in size too (`limit`), so that what does not look ends by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

T = TypeVar("T")


class Deadline:
    """Until when a job may go on; a job that is no longer wanted is over at once.

    Args:
        seconds: from now.

    Example:
        >>> Deadline(0).check()
        Traceback (most recent call last):
        ...
        TimeoutError: took longer than 0 s; ask for fewer steps, runners or points
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._stopped = Event()

    def stop(self) -> None:
        """The job is no longer wanted."""
        self._stopped.set()

    def start(self) -> None:
        """The job begins now: what it waited before counts for nothing."""
        self._end = time.monotonic() + self._seconds

    def check(self) -> None:
        """Go on only if there is time left.

        Raises:
            TimeoutError: there is none.
        """
        if self._stopped.is_set():
            raise TimeoutError("no longer wanted")
        if time.monotonic() >= self._end:
            raise TimeoutError(
                f"took longer than {self._seconds:g} s; ask for fewer steps, runners or points"
            )


class Workers:
    """Some threads, started when they are needed first.

    They are daemons: a job that is not done when the server ends is dropped with the process.

    Args:
        threads: how many.
        seconds: for one job.
    """

    def __init__(self, threads: int, seconds: float) -> None:
        self._threads, self._seconds = threads, seconds
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._started = False

    async def run(self, job: Callable[[Deadline], T]) -> T:
        """Let a thread do a job.

        Args:
            job: what to do; it looks at its deadline.

        Returns:
            What it returns.

        Raises:
            TimeoutError: it took too long.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        deadline = Deadline(self._seconds)

        def tell(set_: Callable[[Any], None], value: Any) -> None:
            if not future.done():
                set_(value)

        def work() -> None:
            if future.cancelled():
                return
            deadline.start()
            try:
                told: tuple[Callable[[Any], None], Any] = (future.set_result, job(deadline))
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                told = (future.set_exception, error)
            with suppress(RuntimeError):  # the server has ended meanwhile
                loop.call_soon_threadsafe(tell, *told)

        self._put(work)
        try:
            return await future
        finally:
            deadline.stop()

    def start(self, job: Callable[[Deadline], object]) -> None:
        """Let a thread do a job that nobody waits for; what it raises is passed over."""

        def work() -> None:
            with suppress(Exception):
                job(Deadline(self._seconds))

        self._put(work)

    def _put(self, work: Callable[[], None]) -> None:
        if not self._started:
            self._started = True
            for _ in range(self._threads):
                Thread(target=self._serve, name="thalweg-serve", daemon=True).start()
        self._jobs.put(work)

    def _serve(self) -> None:
        while True:
            self._jobs.get()()
