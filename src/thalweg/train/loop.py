"""The loop: one for gradient descent and mini-batches, which differ in the batch size alone."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from torch import Tensor

from thalweg import tasks
from thalweg.tasks.task import Task
from thalweg.train import resume as resuming
from thalweg.train.evaluate import evaluate
from thalweg.train.folder import locked
from thalweg.train.gradient import DivergenceError, clip, set_gradient
from thalweg.train.judge import is_solved, judge, out_of_patience
from thalweg.train.optimizer import in_use
from thalweg.train.plan import Plan, Rule, batch_of
from thalweg.train.record import Epoch, Record
from thalweg.train.run import Run, start
from thalweg.train.seeds import Seeds, generators_kept
from thalweg.train.snapshot import keep_snapshot, kept_steps


def fit(
    task: Task | str,
    *,
    rule: Rule = "adam",
    hypers: Mapping[str, Any] | None = None,
    epochs: int | None = None,
    batch: int | Literal["task"] | None = "task",
    seed: int | Seeds = 0,
    out: str | Path | None = None,
    resume: bool = True,
    accumulate: int = 1,
    clip_norm: float | None = None,
    patience: int | None = None,
    checkpoint_every_seconds: float = 60.0,
    on_epoch: Callable[[Record], object] | None = None,
    engine: str = "auto",
    label: str | None = None,
    test: bool = True,
    stop: Callable[[Record], bool] | None = None,
    keep: int = 0,
) -> Record:
    """Train a task's model with a rule, and say what happened.

    Started again with the same arguments on the same folder, a run that was killed at any moment
    goes on where it was and ends with the same weights and record as one that was not, bit for
    bit, apart from the seconds. A finished run is returned as it is; with more epochs it goes on.

    Args:
        task: a task, or its name as `thalweg.tasks.find` takes it.
        rule: the name of a rule, a rule as `thalweg.rules.read` gives it, or a function from
            parameters to any torch optimizer.
        hypers: the rule's hyper-parameters by name; values may be schedules.
        epochs: passes over the training part; None is the task's usual number.
        batch: samples a step; None takes the whole training part, which is gradient descent.
        seed: fixes initial weights, data order and dropout; `Seeds` fixes each by itself.
        out: the run's folder, made if need be; None keeps nothing.
        resume: go on with the run in `out`; False insists that there be none.
        accumulate: take each batch in so many pieces and add their gradients: the same step in a
            fraction of the memory.
        clip_norm: longest joint gradient; longer ones are shrunk to it.
        patience: stop after so many epochs without a new best on validation.
        checkpoint_every_seconds: how often to save within an epoch; at its end always.
        on_epoch: called with the record after every epoch, epoch 0 included.
        engine: who does the arithmetic, as `thalweg.optim.build` takes it.
        label: how to call the run in tables; None is the rule's name.
        test: open the test part at the end; False leaves it closed, and a later call may open it.
        stop: asked after every epoch, epoch 0 included, whether to end the run with status
            "hopeless"; so it stays, also when the run is started again.
        keep: snapshots of the weights to keep in `out`/path, evenly spread by factors of the step,
            so that `thalweg.terrain` can draw the path; 50 are usual, 0 keeps none.

    Returns:
        The record. A loss that is not finite ends the run with status "diverged": a fact.

    Raises:
        ValueError: an argument, the data, the folder or a checkpoint is not what it must be, or
            the folder holds a run with other settings; nothing on disk is lost.

    Example:
        >>> import torch
        >>> from thalweg.tasks.task import Data, Part
        >>> def load():
        ...     x = torch.linspace(-1, 1, 96).unsqueeze(1)
        ...     return Data(*(Part(x[i::3], 3 * x[i::3]) for i in range(3)))
        >>> line = Task(
        ...     "line",
        ...     "a line through 0",
        ...     lambda: torch.nn.Linear(1, 1),
        ...     load,
        ...     torch.nn.functional.mse_loss,
        ... )
        >>> record = fit(line, rule=lambda params: torch.optim.SGD(params, 0.1), epochs=50, batch=8)
        >>> record.status, record.test["loss"] < 1e-6
        ('finished', True)
    """
    task = tasks.find(task) if isinstance(task, str) else task
    plan = Plan(
        task=task,
        rule=rule,
        hypers=hypers or {},
        epochs=task.epochs if epochs is None else epochs,
        batch=batch_of(task, batch),
        seeds=Seeds.of(seed),
        accumulate=accumulate,
        clip_norm=clip_norm,
        patience=patience,
        checkpoint_every_seconds=checkpoint_every_seconds,
        engine=engine,
        label=label,
        test=test,
        stop=stop,
        keep=keep,
    )
    with ExitStack() as stack:
        folder = None if out is None else stack.enter_context(locked(Path(out)))
        stack.enter_context(generators_kept())
        run = start(plan, folder)
        resuming.restore(run, allowed=resume)
        run.kept = kept_steps(plan.epochs * run.steps_per_epoch, plan.keep)
        _go(run, on_epoch or (lambda record: None))
        return run.record


def _go(run: Run, on_epoch: Callable[[Record], object]) -> None:
    """From wherever the run stands to its end."""
    if not run.record.history:
        if run.kept:
            keep_snapshot(run)
        _close_epoch(run, diverged=False)
        on_epoch(run.record)
    while run.record.status == "running" and run.epoch < run.plan.epochs:
        diverged = not _train_epoch(run)
        _close_epoch(run, diverged)
        on_epoch(run.record)
    _finish(run)


def _train_epoch(run: Run) -> bool:
    """Take the epoch's steps that are left; False if a loss was not finite."""
    params, patience = run.params, run.plan.checkpoint_every_seconds
    clock = saved = perf_counter()
    try:
        for inputs, targets in batches(run):
            take_step(run, params, inputs, targets)
            now = perf_counter()
            if run.step in run.kept:
                run.seconds += now - clock
                keep_snapshot(run)
                clock = now = perf_counter()
            if now - saved > patience and run.batches < run.steps_per_epoch:
                run.seconds += now - clock
                resuming.save(run)
                clock = saved = perf_counter()
        return True
    except DivergenceError:
        return False
    finally:
        run.seconds += perf_counter() - clock


def batches(run: Run) -> Iterator[tuple[Tensor, Tensor]]:
    """The epoch's batches that are left, in their order: inputs and targets."""
    train, seeds = run.data.train, run.plan.seeds
    count = len(train)
    size = run.plan.batch_size(count)
    if size == count:
        # The order within a full batch can't matter, so its samples are not copied into another.
        if run.batches == 0:
            yield train.inputs, train.targets
        return
    order = seeds.shuffled(count, epoch=run.epoch + 1).to(train.inputs.device)
    for index in order.split(size)[run.batches :]:
        yield train.inputs.index_select(0, index), train.targets.index_select(0, index)


def take_step(run: Run, params: list[Tensor], inputs: Tensor, targets: Tensor) -> None:
    """One step of a run on a batch.

    Raises:
        DivergenceError: the loss is not finite; nothing has moved.
    """
    plan, optimizer = run.plan, run.optimizer

    # As a closure, so that optimizers which ask for the gradient several times a step work too.
    def gradient() -> float:
        optimizer.zero_grad()
        loss = set_gradient(run.model, plan.task.loss, inputs, targets, pieces=plan.accumulate)
        run.gradient_evaluations += len(inputs)
        if plan.clip_norm is not None:
            clip(params, plan.clip_norm)
        return loss

    plan.seeds.seed_dropout(run.step + 1, cuda=inputs.is_cuda)
    optimizer.step(gradient)
    run.step += 1
    run.batches += 1


def _close_epoch(run: Run, diverged: bool) -> None:
    """Evaluate, judge, write down and save; epoch 0 is the one before training."""
    task, record = run.plan.task, run.record
    if record.history:
        run.epoch, run.batches = run.epoch + 1, 0
    lr, momentum = in_use(run.optimizer, run.step)
    line = Epoch(
        epoch=run.epoch,
        step=run.step,
        gradient_evaluations=run.gradient_evaluations,
        seconds=run.seconds,
        train=evaluate(run.model, task, run.data.train),
        validation=evaluate(run.model, task, run.data.validation),
        lr=lr,
        momentum=momentum,
    )
    record.history.append(line)
    record.state_bytes = run.measure_state()
    best = judge(task, line, record.best)
    if best is not record.best:
        record.best = best
        run.keep_best()
    if record.solved_at is None and is_solved(task, line):
        record.solved_at = line.epoch
    if diverged or not math.isfinite(line.train["loss"]):
        record.status = "diverged"
    elif out_of_patience(record, run.plan.patience):
        record.status = "stopped early"
    elif run.plan.stop is not None and run.plan.stop(record):
        record.status = "hopeless"
    resuming.save(run)


def _finish(run: Run) -> None:
    """Open the test part, once, with the best weights; or leave it closed."""
    record = run.record
    if record.test is not None:
        return  # a run that had ended before
    if run.kept:
        keep_snapshot(run)  # the end belongs to the path, also where a run ended before its time
    if record.status == "running":
        record.status = "finished"
    elif not run.plan.test:
        return  # as it was saved after its last epoch
    if run.plan.test:
        _open_test(run)
    resuming.save(run)


def _open_test(run: Run) -> None:
    record = run.record
    last = copy.deepcopy(run.model.state_dict())
    run.model.load_state_dict(run.best_weights)
    test = evaluate(run.model, run.plan.task, run.data.test)
    run.model.load_state_dict(last)
    train = record.history[record.best["epoch"]].train
    record.test = test
    record.gap = {name: train[name] - value for name, value in test.items()}
