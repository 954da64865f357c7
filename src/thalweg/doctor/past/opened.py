"""A run's folder, opened: model, optimizer and data as they were after the last checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim import Optimizer

from thalweg import rules, tasks
from thalweg.doctor.evidence import Evidence
from thalweg.doctor.measure.patient import Loss
from thalweg.doctor.past.post_mortem import from_record
from thalweg.schedules import Schedule
from thalweg.tasks.task import Data, Task
from thalweg.train import checkpoint
from thalweg.train.plan import Plan
from thalweg.train.record import Record
from thalweg.train.run import start
from thalweg.train.seeds import Seeds, generators_kept


@dataclass(frozen=True)
class Opened:
    """What a check-up needs of a run.

    Attributes:
        record: of the run.
        model: with the weights of the last step, in train mode.
        optimizer: with its state.
        loss: of the task.
        data: of the task, on the model's device.
        history: what the record knows of the course so far.
        batch: samples a step.
        clip_norm: longest gradient, None where it was not clipped.
    """

    record: Record
    model: nn.Module
    optimizer: Optimizer
    loss: Loss
    data: Data
    history: Evidence
    batch: int
    clip_norm: float | None


def opened(folder: str | Path, task: Task | str | None = None) -> Opened:
    """Bring a run back to where it stands, without training it.

    Args:
        folder: of a run of `thalweg train`.
        task: of the run; None looks for the name in its record.

    Returns:
        The run.

    Raises:
        ValueError: no run there, one of another version, a task that is not known, or a rule that
            is not ours, whose optimizer only its maker can make again.

    Example:
        >>> import tempfile
        >>> from thalweg.train import fit
        >>> folder = tempfile.mkdtemp()
        >>> _ = fit("bowl", rule="sgd", hypers={"lr": 0.1}, epochs=2, out=folder)
        >>> opened(folder).history.step
        2
    """
    record = Record.read(folder)
    if record.rule not in rules.names():
        raise ValueError(
            f"{folder}: was trained with {record.rule}, which only its maker can make again; "
            "`thalweg doctor --post-mortem` reads the record, thalweg.diagnose takes the optimizer"
        )
    plan, path = _plan(record, _task(record, task, folder)), Path(folder) / checkpoint.LAST
    if not path.is_file():
        raise ValueError(
            f"{folder}: holds no {checkpoint.LAST}, so no model; `thalweg doctor --post-mortem` "
            "reads the record"
        )
    content = checkpoint.load(path, {"model", "optimizer", "step"})
    with generators_kept():
        run = start(plan, None)
    try:
        run.model.load_state_dict(content["model"])
        run.optimizer.load_state_dict(content["optimizer"])
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{folder}: its checkpoint does not fit the task {run.plan.task.name!r} "
            f"({' '.join(str(error).split())[:120]}); name the task that it was trained on"
        ) from error
    run.model.train()
    history = from_record(record)
    history.step = int(content["step"])
    return Opened(
        record,
        run.model,
        run.optimizer,
        run.plan.task.loss,
        run.data,
        history,
        run.plan.batch_size(len(run.data.train)),
        record.settings.get("clip_norm"),
    )


def _task(record: Record, task: Task | str | None, folder: str | Path) -> Task:
    if isinstance(task, Task):
        return task
    if task is None and record.task not in tasks.names():
        raise ValueError(
            f"{folder}: was trained on {record.task!r}, a task of your own; "
            "name its file as well: --task path/to/file.py:name"
        )
    return tasks.find(task or record.task)


def _plan(record: Record, task: Task) -> Plan:
    known = rules.find(record.rule).hypers
    hypers = {name: _value(given) for name, given in record.hypers.items() if name in known}
    return Plan(
        task=task,
        rule=record.rule,
        hypers=hypers,
        epochs=record.epochs,
        batch=record.batch,
        seeds=Seeds(**record.seeds) if record.seeds else Seeds.of(0),
        accumulate=record.settings.get("accumulate") or 1,
        clip_norm=record.settings.get("clip_norm"),
        engine=record.settings.get("engine") or "auto",
    )


def _value(given: Any) -> Any:
    if isinstance(given, dict) and "kind" in given:
        return Schedule.from_dict(given)
    return tuple(given) if isinstance(given, list) else given
