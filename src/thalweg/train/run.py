"""A run while it is going on: the model, its optimizer, and how far they have come."""

from __future__ import annotations

import copy
import platform
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from thalweg import tasks
from thalweg.tasks.task import Data, Part
from thalweg.train import optimizer as optimizers
from thalweg.train.plan import Plan
from thalweg.train.record import Record


@dataclass
class Run:
    """Everything that changes while a model is trained.

    Attributes:
        plan: what was asked.
        data: on the model's device.
        model: its weights are those of the last step.
        optimizer: made for the model's trainable parameters.
        record: what has happened so far.
        folder: where checkpoints go, or None.
        epoch: whole epochs done.
        batches: steps done in the epoch that is going on.
        step: steps done in all.
        gradient_evaluations: gradients of single samples computed.
        seconds: spent training.
        best_weights: the model's state at the best epoch.
        kept: steps after which a snapshot is kept.
    """

    plan: Plan
    data: Data
    model: nn.Module
    optimizer: Optimizer
    record: Record
    folder: Path | None
    epoch: int = 0
    batches: int = 0
    step: int = 0
    gradient_evaluations: int = 0
    seconds: float = 0.0
    best_weights: dict[str, Any] = field(default_factory=dict)
    kept: frozenset[int] = frozenset()

    @property
    def params(self) -> list[Tensor]:
        """The trainable parameters."""
        return [param for param in self.model.parameters() if param.requires_grad]

    @property
    def steps_per_epoch(self) -> int:
        """Steps a whole epoch takes; the last one may be on fewer samples."""
        count = len(self.data.train)
        return -(-count // self.plan.batch_size(count))

    def keep_best(self) -> None:
        """Remember the weights of now as the best."""
        self.best_weights = copy.deepcopy(self.model.state_dict())

    def measure_state(self) -> int:
        """Bytes of the optimizer's state."""
        return sum(
            value.numel() * value.element_size()
            for state in self.optimizer.state.values()
            for value in state.values()
            if isinstance(value, Tensor)
        )


def start(plan: Plan, folder: Path | None) -> Run:
    """Make the model, its data and its optimizer; nothing is trained yet.

    Args:
        plan: what was asked.
        folder: where checkpoints go, or None.

    Returns:
        The run at epoch 0.

    Raises:
        ValueError: the data or the hyper-parameters are not what they must be.
    """
    data = tasks.check(plan.task)
    plan.seeds.seed_init()
    model = plan.task.make_model()
    params = [param for param in model.parameters() if param.requires_grad]
    data = _moved(data, params[0].device)
    count = len(data.train)
    made = optimizers.make(
        plan.rule,
        plan.hypers,
        params,
        steps_per_epoch=-(-count // plan.batch_size(count)),
        engine=plan.engine,
    )
    record = Record(
        task=plan.task.name,
        rule=made.rule,
        label=plan.label or made.rule,
        hypers=made.hypers,
        batch=plan.batch,
        epochs=plan.epochs,
        seeds={name: getattr(plan.seeds, name) for name in ("init", "order", "dropout")},
        parameters=sum(param.numel() for param in params),
        samples={name: len(getattr(data, name)) for name in ("train", "validation", "test")},
        versions=_versions(),
        settings=plan.settings,
    )
    return Run(plan, data, model, made.optimizer, record, folder)


def _moved(data: Data, device: torch.device) -> Data:
    """All of it, at once: what fits in memory is fastest indexed where the model is."""
    parts = (data.train, data.validation, data.test)
    return Data(*(Part(part.inputs.to(device), part.targets.to(device)) for part in parts))


def _versions() -> dict[str, str]:
    try:
        thalweg = metadata.version("thalweg")
    except metadata.PackageNotFoundError:  # run from a source tree that was never installed
        thalweg = "source"
    return {
        "thalweg": thalweg,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }
