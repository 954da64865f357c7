"""What was asked of a run, checked before anything else happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor
from torch.optim import Optimizer

from thalweg import rules
from thalweg.tasks.task import Task
from thalweg.train.record import Record
from thalweg.train.seeds import Seeds

Rule = str | rules.Rule | Callable[[Iterable[Tensor]], Optimizer]


@dataclass(frozen=True)
class Plan:
    """The arguments of `fit`, each within its range; see there for what they mean.

    Raises:
        ValueError: one is out of range.
        TypeError: one is of the wrong kind.
    """

    task: Task
    rule: Rule
    hypers: Mapping[str, Any]
    epochs: int
    batch: int | None
    seeds: Seeds
    accumulate: int = 1
    clip_norm: float | None = None
    patience: int | None = None
    checkpoint_every_seconds: float = 60.0
    engine: str = "auto"
    label: str | None = None
    test: bool = True
    stop: Callable[[Record], bool] | None = None
    keep: int = 0
    settings: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        _whole("epochs", self.epochs, 0, f"{self.task.epochs} usually suffice")
        _whole("accumulate", self.accumulate, 1, "1 takes each batch in one piece")
        _whole("keep", self.keep, 0, "50 snapshots are usual, 0 keeps none")
        if self.batch is not None:
            _whole("batch", self.batch, 1, f"{self.task.batch} is usual, None is the full batch")
        if self.patience is not None:
            _whole("patience", self.patience, 1, "None never stops early")
        if self.clip_norm is not None:
            _above_zero("clip_norm", self.clip_norm, "1.0 is usual, None does not clip")
        _above_zero("checkpoint_every_seconds", self.checkpoint_every_seconds, "60 is usual")
        if not isinstance(self.rule, str | rules.Rule) and self.hypers:
            raise TypeError("hypers: only for a rule by name; set them where the optimizer is made")
        settings = {
            "accumulate": self.accumulate,
            "clip_norm": self.clip_norm,
            "patience": self.patience,
            "engine": self.engine,
        }
        object.__setattr__(self, "settings", settings)

    def batch_size(self, count: int) -> int:
        """Samples a step, of `count` in the training part."""
        return count if self.batch is None else min(self.batch, count)


def batch_of(task: Task, batch: int | Literal["task"] | None) -> int | None:
    """The batch size, where "task" stands for the task's usual one."""
    return task.batch if batch == "task" else batch


def _whole(name: str, value: object, least: int, way_out: str) -> None:
    if type(value) is not int:
        raise TypeError(f"{name}={value!r} is not a whole number; {way_out}")
    if value < least:
        raise ValueError(f"{name}={value} is below {least}; {way_out}")


def _above_zero(name: str, value: float, way_out: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}={value!r} is not a number; {way_out}")
    if not value > 0 or math.isnan(value):
        raise ValueError(f"{name}={value} is not above 0; {way_out}")
