"""The race: everyone gets the same task, the same first weights and the same order of the data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from thalweg import tasks
from thalweg.race.contestant import Contestant, line_up
from thalweg.race.result import Result
from thalweg.race.valley import walk
from thalweg.tasks.task import Task
from thalweg.train import Record, fit


def race(
    task: Task | str,
    *,
    out: str | Path | None = None,
    epochs: int | None = None,
    batch: int | Literal["task"] = "task",
    seed: int = 0,
    engine: str = "auto",
    on_progress: Callable[[Contestant, Record], object] | None = None,
) -> Result:
    """Run gradient descent, SGD, SGD with momentum 0.5 to 0.9 and Adam on one task.

    Everyone passes over the data equally often. Gradient descent takes one step a pass, the others
    one a mini-batch. The settings are stated, not tuned: this shows how the four behave, and does
    not decide which is best. Started again on the same folder, the race goes on where it was.

    Args:
        task: a task, or its name as `thalweg.tasks.find` takes it.
        out: the race's folder; each contestant gets one inside. None keeps nothing.
        epochs: passes over the training data; None is the task's usual number.
        batch: size of a mini-batch.
        seed: fixes initial weights, data order and dropout, the same for all.
        engine: who does the arithmetic.
        on_progress: called with the contestant and its record after every epoch of it.

    Returns:
        Everyone's record, and their tracks on the ravine.

    Raises:
        ValueError: an argument, the data, the folder or a checkpoint is not what it must be;
            nothing on disk is lost.
    """
    task = tasks.find(task) if isinstance(task, str) else task
    epochs = task.epochs if epochs is None else epochs
    contestants = line_up(task, epochs, samples=len(task.load().train))
    result = Result(task.name, task.about, [one.key for one in contestants])
    for one in contestants:
        record = fit(
            task,
            rule=one.rule,
            hypers=one.hypers,
            epochs=epochs,
            batch=None if one.full else batch,
            seed=seed,
            out=None if out is None else Path(out) / one.key,
            engine=engine,
            label=one.label,
            on_epoch=lambda record, one=one: on_progress(one, record) if on_progress else None,
        )
        result.records.append(record)
        _check_start(task, result.records[0], record)
    result.valley = walk(seed)
    if out is not None:
        result.write(Path(out))
    return result


def _check_start(task: Task, first: Record, record: Record) -> None:
    """The same weights give the same loss before the first step, bit for bit."""
    # As text, because a NaN differs from itself.
    if repr(first.history[0].train) != repr(record.history[0].train):
        raise ValueError(
            f"{task.name}: {first.label} and {record.label} did not start from the same weights; "
            "make_model must draw them from torch's generator and nothing else"
        )
