"""The loop of a case: what most people write, so that a fault in it is a fault of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, TensorDataset

from thalweg.doctor.evidence import Evaluation
from thalweg.doctor.fault.case import Case
from thalweg.tasks.task import Part

MOST = 512
"""Samples of a part that an evaluation looks at."""


class Criterion(nn.Module):
    """A case's loss as a module, so that a watch hears what it says."""

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, output: Tensor, targets: Tensor) -> Tensor:
        """The mean loss over the batch."""
        return self.loss(output, targets)


@dataclass
class Training:
    """A case while it is being trained.

    Attributes:
        case: what is trained.
        model: in the mode that the loop left it in.
        optimizer: of the model.
        criterion: computes the loss.
        loader: yields shuffled batches of the training part.
        scheduler: torch's; None where the case has none.
        step: steps done.
        losses: of each step's batch, before the step.
        evaluations: on train and validation, by the loop itself: a wrong mode is in them.
    """

    case: Case
    model: nn.Module
    optimizer: Optimizer
    criterion: Criterion
    loader: DataLoader[tuple[Tensor, ...]]
    scheduler: LRScheduler | None
    step: int = 0
    losses: list[float] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)


def begin(case: Case) -> Training:
    """Make model, optimizer, scheduler and loader; no step is done."""
    torch.manual_seed(case.seed)
    model = case.make_model()
    optimizer = case.rule(case.params(model), **case.hypers)
    part = case.data.train
    order = torch.Generator().manual_seed(case.seed + 1)
    loader = DataLoader(
        TensorDataset(part.inputs, part.targets),
        batch_size=case.batch or len(part),
        shuffle=True,
        generator=order,
    )
    scheduler = case.schedule(optimizer) if case.schedule else None
    return Training(case, model, optimizer, Criterion(case.loss), loader, scheduler)


def run(case: Case) -> Iterator[Training]:
    """Train a case, step by step.

    Args:
        case: healthy or broken.

    Yields:
        The training, the same object each time: before the first step, then after every one.

    Example:
        >>> from thalweg.doctor.fault.case import Case
        >>> for training in run(Case.of("digits", steps=60)):
        ...     pass
        >>> training.step, training.losses[-1] < training.losses[0]
        (60, True)
    """
    training = begin(case)
    training.model.train()
    yield training
    while training.step < case.steps:
        for inputs, targets in training.loader:
            if training.step % case.evaluate_every == 0:
                evaluate(training)
            if case.zero_grad:
                training.optimizer.zero_grad()
            loss = training.criterion(training.model(inputs), targets)
            loss.backward()
            if case.clip is not None:
                nn.utils.clip_grad_norm_(training.model.parameters(), case.clip)
            training.optimizer.step()
            training.step += 1
            training.losses.append(loss.item())
            if training.scheduler is not None and case.every == "step":
                training.scheduler.step()
            yield training
            if training.step == case.steps:
                break
        else:
            if training.scheduler is not None and case.every == "epoch":
                training.scheduler.step()
    evaluate(training)


def evaluate(training: Training) -> None:
    """Loss on both parts, in the modes that the case has, and add it to the evaluations."""
    case, model = training.case, training.model
    if case.to_eval:
        model.eval()
    losses = [_loss(training, part) for part in (case.data.train, case.data.validation)]
    training.evaluations.append(Evaluation(training.step, *losses))
    if case.to_train:
        model.train()


@torch.no_grad()
def _loss(training: Training, part: Part) -> float:
    output = training.model(part.inputs[:MOST])
    return float(training.criterion(output, part.targets[:MOST]))
