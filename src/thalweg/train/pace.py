"""Pace: a few steps of a run by themselves: how long one takes, whether two runs agree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from thalweg import tasks
from thalweg.tasks.task import Task
from thalweg.train.evaluate import evaluate
from thalweg.train.gradient import DivergenceError
from thalweg.train.loop import batches, take_step
from thalweg.train.plan import Plan, Rule
from thalweg.train.run import Run, start
from thalweg.train.seeds import Seeds, generators_kept

WARMING = 3  # steps that compile, allocate and fill caches


@dataclass(frozen=True)
class Pace:
    """What a few steps showed.

    Attributes:
        steps_per_epoch: of this task and batch.
        seconds_per_step: the median.
        seconds_per_evaluation: of the training and the validation part together.
        state_bytes: of the optimizer.
        steps: how many they were.
        weights: the trained weights, end to end, after these steps.
        scores: the figures of the validation part, computed twice.
    """

    steps_per_epoch: int
    seconds_per_step: float
    seconds_per_evaluation: float
    state_bytes: int
    steps: int
    weights: Tensor
    scores: tuple[dict[str, float], dict[str, float]]


def pace(
    task: Task | str,
    *,
    rule: Rule,
    hypers: Mapping[str, Any] | None = None,
    batch: int | None = None,
    seed: int = 0,
    steps: int = 50,
    seconds: float = 10.0,
) -> Pace:
    """Take a few steps, as `fit` would begin, and say how long they took.

    Args:
        task: a task, or its name.
        rule: as `fit` takes it.
        hypers: as `fit` takes them.
        batch: samples a step; None for all of them.
        seed: as `fit` takes it.
        steps: how many, at most; a loss that is not finite ends them.
        seconds: no further step is begun after so long, not counting those that warm up.

    Returns:
        What they showed. Evaluation is not counted in the seconds of a step.

    Raises:
        ValueError: as `fit` does.

    Example:
        >>> pace("bowl", rule="sgd", steps=5).steps_per_epoch
        1
    """
    task = tasks.find(task) if isinstance(task, str) else task
    plan = Plan(task, rule, hypers or {}, epochs=1, batch=batch, seeds=Seeds.of(seed))
    with generators_kept():
        run = start(plan, None)
        taken = _walk(run, steps, seconds)
        clock = perf_counter()
        evaluate(run.model, task, run.data.train)
        first = evaluate(run.model, task, run.data.validation)
        evaluating = perf_counter() - clock
        second = evaluate(run.model, task, run.data.validation)
    return Pace(
        steps_per_epoch=run.steps_per_epoch,
        seconds_per_step=median(taken[WARMING:] or taken or [math.nan]),
        seconds_per_evaluation=evaluating,
        state_bytes=run.measure_state(),
        steps=len(taken),
        weights=torch.cat([param.detach().flatten().cpu() for param in run.params]),
        scores=(first, second),
    )


def _walk(run: Run, steps: int, seconds: float) -> list[float]:
    """Take the steps; the seconds of each."""
    params, begun, taken = run.params, perf_counter(), list[float]()
    while len(taken) < steps:
        for inputs, targets in batches(run):
            clock = perf_counter()
            if len(taken) <= WARMING:
                begun = clock  # compiling a kernel takes seconds, on a busy machine many
            elif clock - begun > seconds:
                return taken
            try:
                take_step(run, params, inputs, targets)
            except DivergenceError:
                return taken
            taken.append(perf_counter() - clock)
            if len(taken) == steps:
                return taken
        run.epoch, run.batches = run.epoch + 1, 0
    return taken
