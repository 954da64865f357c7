"""Who runs the jobs: this process, processes of this machine, or a Ray cluster."""

from __future__ import annotations

from thalweg.race.executors.inline import Inline
from thalweg.race.executors.on_ray import OnRay
from thalweg.race.executors.processes import Processes
from thalweg.race.reference import Reference
from thalweg.race.work import Executor, Failure, Outcome, Work, at_least_one

__all__ = ["Executor", "Failure", "Inline", "OnRay", "Outcome", "Processes", "Work", "executor"]


def executor(on: str, reference: Reference, workers: int | None = None) -> Executor:
    """The executor of that name.

    Args:
        on: "here", "processes", "ray" for a cluster of this machine's cores, or the address of one
            that runs: "auto" or "ray://host:10001".
        reference: to the task.
        workers: how many jobs at once; None is one for each core.

    Returns:
        The executor, to be closed.

    Raises:
        ValueError: there is no such executor, or it can't be had.
    """
    if workers is not None:
        at_least_one("workers", workers)
    if on == "here":
        return Inline(reference)
    if on == "processes":
        return Processes(reference, workers)
    if on == "ray":
        return OnRay(reference, None, workers)
    if on == "auto" or on.startswith("ray://"):
        return OnRay(reference, on, workers)
    raise ValueError(f"on={on!r} is unknown; there are here, processes, ray and ray://host:port")
