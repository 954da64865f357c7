"""Many at once: runs of one rule trained as one batched model, each as if it were alone.

Every run has its own hyper-parameters, initial weights, order of the data and end. What they share
is the work of Python: one forward and one backward pass over a stack of models, one kernel call
for all optimizers. The arithmetic is that of `thalweg.train.fit`, apart from the order in which
the terms of a matrix product are added up. So in float32 the losses of an epoch agree to 1e-7
with most rules and to 1e-5 with all, and runs that run away drift apart as on any two machines;
benchmarks/results/many.md has all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from thalweg.optim import RuleOptimizer
from thalweg.race.batchable import why_not
from thalweg.race.job import Job
from thalweg.race.own import NONE, Own
from thalweg.race.stack import Stack
from thalweg.schedules import Schedule
from thalweg.tasks.task import Data, Task
from thalweg.train import optimizer as optimizers
from thalweg.train.judge import is_solved, judge
from thalweg.train.optimizer import in_use
from thalweg.train.plan import Plan
from thalweg.train.record import Epoch, Record
from thalweg.train.run import start
from thalweg.train.seeds import Seeds, generators_kept

if TYPE_CHECKING:
    from thalweg.race.joint import JointStep

__all__ = ["fit_many", "is_hopeless", "why_not"]


@dataclass
class _Lane:
    """One of the runs.

    Attributes:
        job: what was asked.
        plan: the same as the training loop has it.
        optimizer: of the stack's row that is this run's.
        record: what has happened so far.
    """

    job: Job
    plan: Plan
    optimizer: RuleOptimizer
    record: Record
    epoch: int = 0
    step: int = 0
    gradient_evaluations: int = 0
    seconds: float = 0.0
    diverged: bool = False
    best: list[Tensor] = field(default_factory=list[Tensor])


def fit_many(
    task: Task,
    jobs: Sequence[Job],
    on_epoch: Callable[[list[Record]], object] | None = None,
    *,
    rules: Own = NONE,
) -> list[Record]:
    """Train all jobs at once.

    Args:
        task: one that `why_not` has nothing against.
        jobs: of this task, and all of one rule, batch size and length.
        on_epoch: called with all records, in the order of the jobs, after every epoch.
        rules: of one's own.

    Returns:
        Each job's record, in their order: what `thalweg.train.fit` would return. The seconds are
        an equal share of what all took together, and say nothing of a run by itself.

    Raises:
        ValueError: the jobs differ in what they must share; or what `fit` would raise for one.

    Example:
        >>> from thalweg import tasks
        >>> jobs = [
        ...     Job("bowl", "sgd", "", {"lr": lr}, batch=1, epochs=3, seed=0) for lr in (0.1, 0.2)
        ... ]
        >>> [record.hypers["lr"] for record in fit_many(tasks.find("bowl"), jobs)]
        [0.1, 0.2]
    """
    if not jobs:
        return []
    _check_alike(jobs)
    _hold_memory()
    with generators_kept():
        crowd = _Crowd.of(task, jobs, rules)
        records = [lane.record for lane in crowd.lanes]
        for _ in range(1 + jobs[0].epochs):
            if not crowd.lanes:
                break
            crowd.train()
            crowd.close_epoch()
            if on_epoch is not None:
                on_epoch(records)
        return records


def is_hopeless(job: Job, record: Record) -> bool:
    """Whether a run's last epoch is beyond the limit that its job sets.

    Args:
        job: whose `limit` is asked.
        record: after an epoch.

    Returns:
        False where there is no limit; a loss that is not a number is above any.
    """
    line = record.history[-1]
    limit = job.limit[line.epoch] if line.epoch < len(job.limit) else None
    return limit is not None and not line.validation["loss"] <= limit


def _hold_memory() -> None:
    """Have the C library keep what it is given back, instead of returning it to the system.

    A step frees tensors of a few megabytes and asks for the same again. glibc returns them, and
    the system hands them out anew page by page, zeroed, which takes twice as long as computing
    with them. Once it has seen a block as large as this one come and go, it keeps twice as much.
    """
    torch.empty(30 * 2**20, dtype=torch.uint8)


def _check_alike(jobs: Sequence[Job]) -> None:
    for name in ("task", "rule", "batch", "epochs"):
        values = list(dict.fromkeys(getattr(job, name) for job in jobs))
        if len(values) > 1:
            raise ValueError(
                f"jobs with {name}={values[0]!r} and {name}={values[1]!r} can't run at once; "
                f"give those of one {name}"
            )


class _Crowd:
    """The runs that are going on, in the order of the stack's rows."""

    def __init__(self, data: Data, stack: Stack, lanes: list[_Lane]) -> None:
        self.data, self.stack, self.lanes = data, stack, lanes
        self._joint: JointStep | None = None

    @classmethod
    def of(cls, task: Task, jobs: Sequence[Job], rules: Own) -> _Crowd:
        """Make every job's model and optimizer."""
        plans = [_plan(task, job, rules) for job in jobs]
        first = start(plans[0], None)
        count = len(first.data.train)
        steps = -(-count // plans[0].batch_size(count))
        models = [first.model]
        for plan in plans[1:]:
            plan.seeds.seed_init()
            models.append(task.make_model())
        stack = Stack.of(task, models)
        lanes: list[_Lane] = []
        for row, (job, plan) in enumerate(zip(jobs, plans, strict=True)):
            params = [one[row].detach().requires_grad_() for one in stack.weights]
            made = optimizers.make(
                plan.rule, plan.hypers, params, steps_per_epoch=steps, engine=plan.engine
            )
            assert isinstance(made.optimizer, RuleOptimizer)
            record = replace(
                first.record,
                hypers=made.hypers,
                seeds={name: getattr(plan.seeds, name) for name in first.record.seeds},
                history=[],
                best={},
                gap={},
                samples=dict(first.record.samples),
                versions=dict(first.record.versions),
                settings=plan.settings,
            )
            lanes.append(_Lane(job, plan, made.optimizer, record))
        return cls(first.data, stack, lanes)

    def train(self) -> None:
        """Take an epoch's steps; nothing before epoch 0."""
        if not self.lanes[0].record.history:
            return
        for lane in self.lanes:
            lane.epoch += 1
        clock = perf_counter()
        for inputs, targets in self._batches():
            going = self._going(self.stack.gradient(inputs, targets))
            if not going:
                break
            self._joint = self._joint or self._join()
            self._joint.step()
            for lane in going:
                lane.step += 1
                lane.gradient_evaluations += inputs.shape[1]
        share = (perf_counter() - clock) / len(self.lanes)
        for lane in self.lanes:
            lane.seconds += share

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All runs' batches, each in its own order; the whole part where that is a batch."""
        train = self.data.train
        count, lanes = len(train), len(self.lanes)
        size = self.lanes[0].plan.batch_size(count)
        if size == count:
            yield (
                train.inputs.expand(lanes, *train.inputs.shape),
                train.targets.expand(lanes, *train.targets.shape),
            )
            return
        orders = [lane.plan.seeds.shuffled(count, epoch=lane.epoch) for lane in self.lanes]
        for index in torch.stack(orders).to(train.inputs.device).split(size, dim=1):
            # One index over all rows at once: seven times as fast as indexing by a matrix.
            flat = index.reshape(-1)
            yield (
                train.inputs.index_select(0, flat).unflatten(0, index.shape),
                train.targets.index_select(0, flat).unflatten(0, index.shape),
            )

    def _going(self, losses: list[float]) -> list[_Lane]:
        """The runs that go on, now that the losses are known; the others step no more."""
        ended: list[_Lane] = []
        for lane, loss in zip(self.lanes, losses, strict=True):
            if not lane.diverged and not math.isfinite(loss):
                lane.diverged = True
                ended.append(lane)
        if ended and self._joint is not None:
            self._joint.leave([lane.optimizer for lane in ended])
        return [lane for lane in self.lanes if not lane.diverged]

    def _join(self) -> JointStep:
        from thalweg.race.joint import JointStep  # Numba is dear to import

        self._point()
        return JointStep(lane.optimizer for lane in self.lanes if not lane.diverged)

    def _point(self) -> None:
        """Every optimizer's parameters and gradients are its rows of the stack."""
        for row, lane in enumerate(self.lanes):
            params = lane.optimizer.param_groups[0]["params"]
            pairs = zip(self.stack.weights, self.stack.gradients, strict=True)
            for param, (weight, slope) in zip(params, pairs, strict=True):
                param.data = weight[row]
                param.grad = None if slope is None else slope[row]

    def close_epoch(self) -> None:
        """Evaluate, judge and write down, as the training loop does; part with those that end."""
        parts = self.stack.evaluate(self.data.train), self.stack.evaluate(self.data.validation)
        for row, (lane, *found) in enumerate(zip(self.lanes, *parts, strict=True)):
            self._write(row, lane, *found)
        ended = [i for i, lane in enumerate(self.lanes) if lane.record.status != "running"]
        self._open_test([i for i in ended if self.lanes[i].job.test])
        if ended:
            stay = [i for i in range(len(self.lanes)) if i not in set(ended)]
            self._part(stay)

    def _write(
        self, row: int, lane: _Lane, train: dict[str, float], validation: dict[str, float]
    ) -> None:
        record, task = lane.record, lane.plan.task
        lr, momentum = in_use(lane.optimizer, lane.step)
        line = Epoch(
            epoch=lane.epoch,
            step=lane.step,
            gradient_evaluations=lane.gradient_evaluations,
            seconds=lane.seconds,
            train=train,
            validation=validation,
            lr=lr,
            momentum=momentum,
        )
        record.history.append(line)
        record.state_bytes = _state_bytes(lane.optimizer)
        best = judge(task, line, record.best)
        if best is not record.best:
            record.best = best
            if lane.job.test:
                lane.best = [one[row].clone() for one in self.stack.weights]
        if record.solved_at is None and is_solved(task, line):
            record.solved_at = line.epoch
        if lane.diverged or not math.isfinite(train["loss"]):
            record.status = "diverged"
        elif is_hopeless(lane.job, record):
            record.status = "hopeless"
        elif lane.epoch == lane.plan.epochs:
            record.status = "finished"

    def _open_test(self, rows: list[int]) -> None:
        """Evaluate on the test part, once, with the best weights."""
        if not rows:
            return
        lanes = [self.lanes[row] for row in rows]
        best = [torch.stack(values) for values in zip(*(lane.best for lane in lanes), strict=True)]
        found = replace(self.stack.at(rows), weights=best).evaluate(self.data.test)
        for lane, test in zip(lanes, found, strict=True):
            train = lane.record.history[lane.record.best["epoch"]].train
            lane.record.test = test
            lane.record.gap = {name: train[name] - value for name, value in test.items()}

    def _part(self, stay: list[int]) -> None:
        """Go on with these rows only."""
        gone = [lane for row, lane in enumerate(self.lanes) if row not in set(stay)]
        self.lanes = [self.lanes[row] for row in stay]
        if not stay:
            return
        self.stack = self.stack.at(stay)
        if self._joint is not None:
            self._joint.leave([lane.optimizer for lane in gone])
            self._point()


def _plan(task: Task, job: Job, rules: Own) -> Plan:
    hypers = {
        name: Schedule.from_dict(value) if isinstance(value, Mapping) and "kind" in value else value
        for name, value in job.hypers.items()
    }
    rule, seeds = rules.find(job.rule), Seeds.of(job.seed)
    return Plan(task, rule, hypers, job.epochs, job.batch, seeds, test=job.test)


def _state_bytes(optimizer: RuleOptimizer) -> int:
    return sum(
        value.numel() * value.element_size()
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, Tensor)
    )
