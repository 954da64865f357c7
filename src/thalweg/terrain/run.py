"""What a run's folder holds for a terrain: its model, its data, and the path it took."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from thalweg import tasks
from thalweg.tasks.task import Task
from thalweg.terrain import network
from thalweg.terrain.network import Asked, Weighted
from thalweg.terrain.result import Terrain
from thalweg.train.record import Record
from thalweg.train.snapshot import snapshots
from thalweg.train.trained import trained


@dataclass(frozen=True)
class Run:
    """A run that has been read.

    Attributes:
        record: what it says of itself.
        task: what it was trained on.
        model: with its best weights.
        path: step and state dict of each snapshot; empty where none were kept.
    """

    record: Record
    task: Task
    model: nn.Module
    path: list[tuple[int, dict[str, Any]]]


def read(folder: str | Path, task: Task | str | None = None) -> Run:
    """Read a run.

    Args:
        folder: the run's folder.
        task: its task, or the name, where that is not one of the library's.

    Returns:
        The run.

    Raises:
        ValueError: there is no run, a file of it is damaged, or its task is not known.
    """
    record = Record.read(folder)
    found = record.task if task is None else task
    if isinstance(found, str):
        try:
            found = tasks.find(found)
        except ValueError as error:
            if task is not None:
                raise
            raise ValueError(f"{folder}: {error}; say which with --task FILE.py:NAME") from error
    return Run(record, found, trained(found, folder), snapshots(folder))


def draw(
    folder: Path, other: Weighted | str | Path | None, asked: Asked, task: Task | str | None
) -> Terrain:
    """Draw a slice through the loss of a run.

    Args:
        folder: the run's.
        other: a second solution, or the folder of the run that has it.
        asked: the rest; what the run knows itself is filled in.
        task: its task, where that is not one of the library's.

    Returns:
        The terrain.

    Raises:
        ValueError: see `read` and `thalweg.terrain.network.draw`.
    """
    found = read(folder, task)
    data = found.task.load()
    second = None
    if isinstance(other, str | Path):
        second = read(other, found.task)
        asked = replace(asked, other=second.model, other_label=second.record.label)
    elif other is not None:
        asked = replace(asked, other=other)
    if not asked.path:
        steps, states = [step for step, _ in found.path], [state for _, state in found.path]
        asked = replace(asked, path=states, steps=steps)
    label = found.record.label
    asked = replace(
        asked,
        title=f"{label} on {found.task.name}",
        label=label,
        rule=found.record.rule,
        third=asked.third if asked.third is not None or not found.path else found.path[0][1],
        folder=asked.folder or folder / "terrain",
        validation=data.validation if asked.validation is None else asked.validation,
    )
    return network.draw(found.model, found.task.loss, data, asked)
