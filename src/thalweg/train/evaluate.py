"""How good the model is on a part of the data, leaving no trace in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from thalweg.tasks.task import Part, Task


@torch.no_grad()
def evaluate(model: nn.Module, task: Task, part: Part) -> dict[str, float]:
    """The mean loss and metrics over a part, in eval mode.

    The samples go through in pieces of four usual batches, whatever the batch size of the run,
    so that runs which start from the same weights agree at epoch 0 bit for bit. The means of the
    pieces are weighted by their counts, in float64.

    Args:
        model: on the device of the part; each module's mode is put back afterwards.
        task: its loss and metrics are used.
        part: which samples.

    Returns:
        "loss" and every metric of the task.

    Example:
        >>> task = Task("line", "", lambda: nn.Linear(1, 1), None, nn.functional.mse_loss)
        >>> part = Part(torch.ones(3, 1), torch.zeros(3, 1))
        >>> list(evaluate(task.make_model(), task, part))
        ['loss']
    """
    measures = {"loss": task.loss, **task.metrics}
    sums = dict.fromkeys(measures, 0.0)
    size = 4 * task.batch
    with eval_mode(model):
        for inputs, targets in zip(part.inputs.split(size), part.targets.split(size), strict=True):
            output = model(inputs)
            for name, measure in measures.items():
                sums[name] += float(measure(output, targets)) * len(inputs)
    return {name: value / len(part) for name, value in sums.items()}


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode inside; afterwards every module is in the mode that it had.

    `model.train()` afterwards would also wake the modules that the task's author froze.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
