"""Performing: jobs in, records out. What every worker does, wherever it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thalweg.race.job import Job
from thalweg.race.many import fit_many, is_hopeless
from thalweg.race.own import NONE, Own
from thalweg.race.reference import Reference
from thalweg.race.work import Failure, Outcome
from thalweg.schedules import Schedule
from thalweg.tasks.own import where
from thalweg.tasks.task import Task
from thalweg.train.loop import fit
from thalweg.train.record import Record


def attempt(reference: Reference, jobs: Sequence[Job]) -> Outcome:
    """Perform jobs, and take an error of the task or the settings as the answer that it is.

    Args:
        reference: to the task and the rules.
        jobs: a single one, or several as one batched model.

    Returns:
        A record for each, or why there are none. KeyboardInterrupt passes through.
    """
    try:
        return perform(reference.find(), jobs, reference.rules, reference.keep)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code raises what it likes
        return Failure("failed", where(error).removeprefix("ValueError: ")[:500])


def perform(
    task: Task, jobs: Sequence[Job], rules: Own = NONE, keep: Path | None = None
) -> list[Record]:
    """Train.

    Args:
        task: of the jobs.
        jobs: those that say so run as one batched model, the others one by one.
        rules: of one's own.
        keep: the folder for checkpoints; a run by itself that has one there goes on from it.

    Returns:
        A record for each, in their order.

    Raises:
        ValueError: the data or the hyper-parameters are not what they must be.
        TypeError: an unknown hyper-parameter.

    Example:
        >>> from thalweg import tasks
        >>> job = Job("bowl", "sgd", "1.0", {"lr": 0.1}, batch=None, epochs=5, seed=0)
        >>> [record] = perform(tasks.find("bowl"), [job])
        >>> record.status, record.test
        ('finished', None)
    """
    if any(job.many for job in jobs):
        return fit_many(task, jobs, rules=rules)
    return [_fit(task, job, rules, keep) for job in jobs]


def _fit(task: Task, job: Job, rules: Own, keep: Path | None) -> Record:
    if keep is None:
        return _train(task, job, rules, None)
    try:
        return _train(task, job, rules, keep / job.id)
    except ValueError:  # what is wrong with the folder, such as a full disk, is not with the run
        return _train(task, job, rules, None)


def _train(task: Task, job: Job, rules: Own, out: Path | None) -> Record:
    return fit(
        task,
        out=out,
        rule=rules.find(job.rule),
        hypers={name: _live(value) for name, value in job.hypers.items()},
        epochs=job.epochs,
        batch=job.batch,
        seed=job.seed,
        test=job.test,
        stop=(lambda record: is_hopeless(job, record)) if job.limit else None,
    )


def _live(value: Any) -> Any:
    """A schedule, where plain data spell one."""
    return Schedule.from_dict(value) if isinstance(value, dict) and "kind" in value else value
