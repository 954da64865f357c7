"""A task looked over before a run: what would spoil it is said in one line, at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import combinations
from typing import TypeVar

import torch
from torch import Tensor, nn

from thalweg.tasks.own import where
from thalweg.tasks.task import Data, Part, Task

Result = TypeVar("Result")

# Enough rows to try the model on, few enough to cost nothing.
TRIAL = 8


def check(task: Task) -> Data:
    """Look a task over: its data, then its model, loss and metrics on a few rows.

    torch's random state is left as it was.

    Args:
        task: the task.

    Returns:
        The data, so that they need not be loaded twice.

    Raises:
        ValueError: a part is empty, or its inputs and targets differ in length; a value is NaN or
            infinite; two parts share a row; the loss or a metric is not a finite scalar; a
            function of the task fails; `solved` names no metric.

    Examples:
        >>> from thalweg import tasks
        >>> data = tasks.check(tasks.find("bowl"))
        >>> len(data.train)
        1
    """
    data = _attempt(task, "load", task.load)
    if not isinstance(data, Data):
        raise ValueError(f"{task.name}: load returned a {type(data).__name__}, not Data")
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    for name, part in parts.items():
        _check_part(f"{task.name}: {name}", part)
    if task.disjoint:
        _check_disjoint(task.name, parts)
    if task.solved and task.solved.metric not in ("loss", *task.metrics):
        known = ", ".join(("loss", *task.metrics))
        raise ValueError(
            f"{task.name}: solved by {task.solved.metric!r}, but there is only {known}"
        )
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        _check_model(task, Part(data.train.inputs[:TRIAL], data.train.targets[:TRIAL]))
    return data


def _attempt(task: Task, what: str, call: Callable[[], Result]) -> Result:
    try:
        return call()
    except Exception as error:
        raise ValueError(f"{task.name}: {what} failed: {where(error)}") from error


def _check_part(name: str, part: Part) -> None:
    sides = {"inputs": part.inputs, "targets": part.targets}
    for side, values in sides.items():
        if not isinstance(values, Tensor):
            raise ValueError(f"{name} {side} are a {type(values).__name__}, not a tensor")
        if values.ndim == 0:
            raise ValueError(f"{name} {side} are one number; one row per sample is needed")
    if len(part.inputs) != len(part.targets):
        raise ValueError(
            f"{name} has {len(part.inputs)} inputs and {len(part.targets)} targets; "
            "each input needs one"
        )
    if part.inputs.numel() == 0:
        raise ValueError(f"{name} is empty, shape {tuple(part.inputs.shape)}")
    for side, values in sides.items():
        _check_finite(f"{name} {side}", values)


def _check_finite(name: str, values: Tensor) -> None:
    # Integers can't be infinite; the sum of a flag per value is cheap next to one epoch.
    if not (values.is_floating_point() or values.is_complex()):
        return
    bad = ~torch.isfinite(values)
    count = int(bad.sum())
    if count:
        first = tuple(bad.nonzero()[0].tolist())
        raise ValueError(
            f"{name} hold {count} NaN or infinite values out of {values.numel()}, the first at "
            f"row {first[0]}"
            + (f", position {first[1:]}" if first[1:] else "")
            + "; drop or mend those rows"
        )


def _check_disjoint(task: str, parts: dict[str, Part]) -> None:
    rows = {name: _rows(part.inputs) for name, part in parts.items()}
    for one, other in combinations(rows, 2):
        shared = rows[one].keys() & rows[other].keys()
        if shared:
            first = min(shared, key=rows[other].__getitem__)
            raise ValueError(
                f"{task}: {one} and {other} share {len(shared)} inputs, such as row "
                f"{rows[one][first]} of {one} and row {rows[other][first]} of {other}; drop them "
                "from one part, or say Task(disjoint=False) if that is meant"
            )


def _rows(inputs: Tensor) -> dict[bytes, int]:
    """The digest of each row, to the first row that has it."""
    flat = inputs.detach().cpu().reshape(len(inputs), -1).contiguous()
    if flat.is_floating_point():
        flat = flat + 0.0  # -0.0 and 0.0 are one number and two bit patterns
    rows: dict[bytes, int] = {}
    for number, row in enumerate(flat.view(torch.uint8).numpy()):
        rows.setdefault(hashlib.blake2b(row.data, digest_size=16).digest(), number)
    return rows


def _check_model(task: Task, trial: Part) -> None:
    model = _attempt(task, "make_model", task.make_model)
    if not isinstance(model, nn.Module):
        raise ValueError(f"{task.name}: make_model returned a {type(model).__name__}, not a Module")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError(f"{task.name}: the model has no parameter to train")
    # Evaluating: batch normalisation would refuse a single row and change its averages.
    model.eval()
    output = _attempt(task, "the model", lambda: model(trial.inputs))
    loss = _attempt(task, "the loss", lambda: task.loss(output, trial.targets))
    _check_scalar(f"{task.name}: the loss", loss)
    if not loss.requires_grad:
        raise ValueError(
            f"{task.name}: the loss does not depend on the model's parameters; "
            "look for detach, item, argmax or no_grad on the way"
        )
    for name, metric in task.metrics.items():
        value = _attempt(task, f"metric {name}", lambda: metric(output, trial.targets))  # noqa: B023
        _check_scalar(f"{task.name}: metric {name}", value)


def _check_scalar(name: str, value: object) -> None:
    if not isinstance(value, Tensor):
        raise ValueError(f"{name} is a {type(value).__name__}, not a tensor with one number")
    if value.ndim:
        raise ValueError(
            f"{name} is a tensor of shape {tuple(value.shape)}, not one number; "
            "take the mean over the batch"
        )
    if not torch.isfinite(value):
        raise ValueError(f"{name} of the fresh model is {value.item()} on {TRIAL} training rows")
