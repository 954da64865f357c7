"""Whether a model can be trained many at once, found out by trying it on a few rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from thalweg.race.stack import Stack
from thalweg.tasks.task import Data, Part, Task
from thalweg.train.evaluate import evaluate
from thalweg.train.plan import batch_of
from thalweg.train.seeds import Seeds, generators_kept

LARGEST = 100_000
"""Numbers in a model; above, copies of it outgrow the cache and are no faster together."""

WORK = 30_000_000
"""Multiplications and additions of a step, likewise. Measured on one thread, 32 copies: the digits
MLP with batches of 64 (1.3 million) 4.5 times as fast, with all samples at once (22 million) 2.3
times, one of two layers of 256 (30 million) 1.3 times; digits-cnn (118 million) 0.8 times."""


def why_not(task: Task, data: Data, batch: int | Literal["task"] | None = "task") -> str | None:
    """Why runs of a task can't be trained many at once, or gain nothing by it.

    Args:
        task: the task.
        data: as `task.load()` gives them.
        batch: samples a step; None for all of them.

    Returns:
        A sentence without a full stop, to stand after "runs were not batched: "; None if nothing
        speaks against it.
    """
    with generators_kept():
        models: list[nn.Module] = []
        for seed in range(2):
            Seeds.of(seed).seed_init()
            models.append(task.make_model())
        rows = _ends(data.train, batch_of(task, batch) or len(data.train))
        looks: list[Callable[[], str | None]] = [
            lambda: _by_size(models[0]),
            lambda: _by_trace(models[0], task, rows[0]),
            lambda: _by_work(models[0], task, rows[0]),
            lambda: _by_trial(models, task, rows),
        ]
        return next((why for look in looks if (why := look()) is not None), None)


def _ends(part: Part, size: int) -> list[Part]:
    """The first and the last so many rows."""
    ends = (slice(size), slice(-min(size, len(part)), None))
    return [Part(part.inputs[rows], part.targets[rows]) for rows in ends]


def _by_size(model: nn.Module) -> str | None:
    count = sum(param.numel() for param in model.parameters())
    if count > LARGEST:
        return (
            f"the model has {count:,} numbers; above {LARGEST:,} a batch of models is no faster "
            "than one after the other"
        )
    elsewhere = {param.device.type for param in model.parameters()} - {"cpu"}
    return f"the model is on {elsewhere.pop()}, not on the CPU" if elsewhere else None


def _by_trace(model: nn.Module, task: Task, rows: Part) -> str | None:
    """What training leaves behind besides gradients, which one run must not share with another."""
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    before = torch.get_rng_state()
    with torch.no_grad():
        task.loss(model(rows.inputs), rows.targets)
    if not torch.equal(before, torch.get_rng_state()):
        return "the model draws random numbers while it trains, as dropout does"
    for name, value in model.named_buffers():
        if not torch.equal(value, buffers[name]):
            return f"training changes the model's buffer {name}, as batch normalisation does"
    return None


def _by_work(model: nn.Module, task: Task, rows: Part) -> str | None:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        task.loss(model(rows.inputs), rows.targets).backward()
    work = counter.get_total_flops()
    if work > WORK:
        return (
            f"a step on {len(rows)} samples takes {work / 1e6:,.0f} million multiplications and "
            f"additions; above {WORK / 1e6:.0f} million a batch of models is no faster than one "
            "after the other"
        )
    return None


def _by_trial(models: Sequence[nn.Module], task: Task, rows: Sequence[Part]) -> str | None:
    """What two copies at once make of two batches, and what each makes of its own."""
    alone = [_gradients(model, task, part) for model, part in zip(models, rows, strict=True)]
    figures = [evaluate(model, task, rows[0]) for model in models]
    stack = Stack.of(task, models)
    try:
        with warnings.catch_warnings():
            # vmap warns where it has to take an operation copy by copy, which gains nothing.
            warnings.simplefilter("error")
            stack.gradient(
                torch.stack([part.inputs for part in rows]),
                torch.stack([part.targets for part in rows]),
            )
            together = stack.evaluate(rows[0])
    except Exception as error:  # noqa: BLE001  whatever the model, its loss or a metric raises
        return f"torch.func.vmap can't follow the model, its loss or a metric: {_first_of(error)}"
    for row, slopes in enumerate(alone):
        for name, slope, stacked in zip(stack.names, slopes, stack.gradients, strict=True):
            if (slope is None) != (stacked is None):
                return f"batched, {name} has a gradient and alone it has none, or the reverse"
            if slope is not None and stacked is not None and not _close(stacked[row], slope):
                return f"batched, the gradient of {name} comes out otherwise than alone"
        for name, value in figures[row].items():
            if not _close(torch.tensor(together[row][name]), torch.tensor(value)):
                return f"batched, the {name} comes out otherwise than alone"
    return None


def _gradients(model: nn.Module, task: Task, rows: Part) -> list[Tensor | None]:
    params = [param for param in model.parameters() if param.requires_grad]
    loss = task.loss(model(rows.inputs), rows.targets)
    return list(torch.autograd.grad(loss, params, allow_unused=True))


def _close(one: Tensor, other: Tensor) -> bool:
    """Apart from rounding, on the scale of the largest element."""
    one, other = one.double(), other.double()
    scale = float(other.abs().max()) if other.numel() else 0.0
    return torch.allclose(one, other, rtol=1e-3, atol=1e-4 * scale, equal_nan=True)


def _first_of(error: Exception) -> str:
    """The beginning of an error's text; vmap's run on for paragraphs."""
    text = " ".join(str(error).split())
    first = text.split(". ")[0].removeprefix("vmap: ").rstrip(".")
    return first if len(first) <= 160 else f"{first[:157]}..."
