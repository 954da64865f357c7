"""Which epoch is the best, is the task solved, is it time to stop: by unseen data only."""

from __future__ import annotations

import math
from typing import Any

from thalweg.tasks.task import Task
from thalweg.train.record import Epoch, Record


def judge(task: Task, line: Epoch, best: dict[str, Any]) -> dict[str, Any]:
    """The best epoch so far, given one more.

    By the metric that decides whether the task is solved, else by the loss, on validation. The
    first of equals stays.

    Args:
        task: says which metric, and which way is better.
        line: the new epoch.
        best: what this function returned last; empty at first.

    Returns:
        "epoch", "metric" and "value"; the same object as `best` if that still is.
    """
    metric = task.solved.metric if task.solved else "loss"
    higher = task.solved.higher if task.solved else False
    value = line.validation[metric]
    if best and not _better(value, best["value"], higher):
        return best
    return {"epoch": line.epoch, "metric": metric, "value": value}


def is_solved(task: Task, line: Epoch) -> bool:
    """Whether the epoch reaches the task's goal; False where there is none."""
    if task.solved is None:
        return False
    value, goal = line.validation[task.solved.metric], task.solved.value
    return value >= goal if task.solved.higher else value <= goal


def out_of_patience(record: Record, patience: int | None) -> bool:
    """Whether `patience` epochs have passed since the best one."""
    if patience is None or not record.history:
        return False
    return record.history[-1].epoch - record.best["epoch"] >= patience


def _better(value: float, than: float, higher: bool) -> bool:
    if math.isnan(than):
        return not math.isnan(value)
    return value > than if higher else value < than
