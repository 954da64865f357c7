"""On a Ray cluster: this machine's cores as one, or a cluster that runs already."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from thalweg.race.executors.surroundings import Surroundings
from thalweg.race.job import Job
from thalweg.race.perform import attempt
from thalweg.race.reference import Reference
from thalweg.race.work import Closing, Failure, Outcome, Work


class OnRay(Closing):
    """Runs jobs as Ray tasks, a core and a thread each.

    The cluster's machines need thalweg and Ray in the versions of this one; a task that is called
    file.py:name must lie at the same path on each.

    Args:
        reference: to the task.
        address: None starts a cluster on this machine; "auto" joins the one that runs here;
            "ray://host:10001" joins another.
        workers: how many at once; None is one for each of the cluster's cores.

    Raises:
        ValueError: Ray is not installed, or there is no cluster at that address; or the task can't
            be sent to another process.
    """

    def __init__(
        self, reference: Reference, address: str | None = None, workers: int | None = None
    ) -> None:
        reference.pack()
        self._ray = _ray()
        self._mine = not self._ray.is_initialized()
        if self._mine:
            self._begin(address, workers)
        cores = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        self.size = cores if workers is None else workers
        self._task = self._ray.put((reference, Surroundings.here(threads=1)))
        self._perform = self._ray.remote(num_cpus=1, max_retries=0)(_perform)
        self._open: dict[Any, Work] = {}

    def _begin(self, address: str | None, workers: int | None) -> None:
        local = {"num_cpus": workers, "include_dashboard": False} if address is None else {}
        try:
            with warnings.catch_warnings():
                # What it advises is in the line below.
                warnings.filterwarnings("ignore", "Ray Client connection timed out", UserWarning)
                self._ray.init(
                    address="local" if address is None else address,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    **local,
                )
        except (ImportError, ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            raise ValueError(
                f"ray: no cluster at {address or 'this machine'} ({_line(error)}); start one with "
                "`ray start --head`, set RAY_AUTH_MODE=token if it asks for a token, or race with "
                "on='processes'"
            ) from error

    def submit(self, work: Work) -> None:
        """Hand work to the cluster."""
        with _there():
            self._open[self._perform.remote(self._task, work.jobs)] = work

    def wait(self, timeout: float | None = None) -> list[tuple[Work, Outcome]]:
        """What has ended since the last call; see `Executor.wait`."""
        if not self._open:
            return []
        with _there():
            ready, rest = self._ray.wait(list(self._open), timeout=timeout)
            if ready and rest:
                ready += self._ray.wait(rest, num_returns=len(rest), timeout=0)[0]
            return [(self._open.pop(one), self._outcome(one)) for one in ready]

    def _outcome(self, one: Any) -> Outcome:
        errors = self._ray.exceptions
        try:
            return self._ray.get(one)
        except errors.RayTaskError as error:  # such as a cluster without thalweg
            return Failure("failed", _line(error.cause or error))
        except errors.RayError as error:
            return Failure("lost", _line(error))

    def close(self) -> None:
        """Stop what still runs, and leave the cluster; one that was started here ends."""
        with suppress(ConnectionError):
            for one in self._open:
                self._ray.cancel(one, force=True)
        self._open.clear()
        if self._mine:
            self._ray.shutdown()


def _perform(task: tuple[Reference, Surroundings], jobs: Sequence[Job]) -> Outcome:
    reference, surroundings = task
    surroundings.settle()
    return attempt(reference, jobs)


@contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:
        raise ValueError(
            f"ray: the cluster is gone ({_line(error)}); start the same race again: it goes on "
            "where it is"
        ) from error


def _ray() -> Any:
    # Ray reads these when it is imported. It would tell its makers that it is used, and print the
    # death of a worker, which comes back as a `Failure`, to the standard output.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    try:
        import ray
    except ImportError as error:
        raise ValueError("ray is not installed; `pip install thalweg[ray]` brings it") from error
    return ray


def _line(error: BaseException) -> str:
    """The first line of what Ray says, without the advice that follows."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
