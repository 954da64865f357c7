"""A training, every part of it open to a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from thalweg import tasks
from thalweg.tasks.task import Data, Task


def trainable(model: nn.Module) -> list[nn.Parameter]:
    """What an optimizer is usually given: all parameters that ask for a gradient."""
    return [param for param in model.parameters() if param.requires_grad]


@dataclass(frozen=True)
class Case:
    """A training as an ordinary PyTorch loop does it; `training.run` does it.

    Attributes:
        name: of the task.
        make_model: builds the model; called with torch's generator freshly seeded.
        data: train and validation are used.
        loss: `loss(output, targets)`, the mean over the batch.
        rule: makes the optimizer from parameters and `hypers`.
        hypers: for `rule`.
        batch: samples a step; 0 takes the whole training part.
        steps: how many are done.
        schedule: makes torch's scheduler for the optimizer; None where there is none.
        every: the scheduler steps after every "step" or every "epoch".
        params: which of the model's parameters the optimizer gets.
        zero_grad: gradients are cleared before each step.
        to_train: `model.train()` is called after each evaluation.
        to_eval: `model.eval()` is called before each evaluation.
        evaluate_every: steps between two evaluations.
        clip: largest norm of the gradient; None where it is not clipped.
        seed: of initial weights, order and dropout.

    Example:
        >>> case = Case.of("digits", rule=torch.optim.SGD, hypers={"lr": 0.1})
        >>> case.batch, case.changed(batch=2).batch
        (64, 2)
    """

    name: str
    make_model: Callable[[], nn.Module]
    data: Data
    loss: Callable[[Tensor, Tensor], Tensor]
    rule: Callable[..., Optimizer] = torch.optim.Adam
    hypers: Mapping[str, Any] = field(default_factory=lambda: {"lr": 1e-3})
    batch: int = 64
    steps: int = 300
    schedule: Callable[[Optimizer], LRScheduler] | None = None
    every: Literal["step", "epoch"] = "step"
    params: Callable[[nn.Module], Iterable[nn.Parameter]] = trainable
    zero_grad: bool = True
    to_train: bool = True
    to_eval: bool = True
    evaluate_every: int = 25
    clip: float | None = None
    seed: int = 0

    @classmethod
    def of(cls, task: str | Task, **settings: Any) -> Case:
        """A healthy case of a task.

        Args:
            task: a task with data, or its name.
            settings: other fields of the case.

        Returns:
            The case.
        """
        task = tasks.find(task) if isinstance(task, str) else task
        settings = {"batch": task.batch, **settings}
        return cls(task.name, task.make_model, tasks.check(task), task.loss, **settings)

    def changed(self, **fields: Any) -> Case:
        """The same with other fields; `lr=...` and the like go into `hypers`."""
        own = {name: fields.pop(name) for name in tuple(fields) if name in self.__annotations__}
        if fields:
            own["hypers"] = {**own.get("hypers", self.hypers), **fields}
        return replace(self, **own)

    def rebuilt(self, change: Callable[[nn.Module], None]) -> Case:
        """The same, each model changed in place once it is made."""
        make = self.make_model

        def made() -> nn.Module:
            model = make()
            with torch.no_grad():
                change(model)
            return model

        return replace(self, make_model=made)

    @property
    def steps_per_epoch(self) -> int:
        """Steps that a pass over the training part takes."""
        count = len(self.data.train)
        return -(-count // (self.batch or count))
