"""Runs beside each other: train, validation and test figures and the generalisation gap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from thalweg.train.record import Record


@dataclass(frozen=True)
class Row:
    """One run in a table, with the figures of one metric at its best epoch.

    Attributes:
        label: the run.
        rule: its rule.
        status: how it ended.
        metric: which figures these are.
        train: in eval mode, on the training part.
        validation: on the part that chose the epoch.
        test: None until the run has ended.
        gap: train minus test; None until the run has ended.
        best_epoch: where these figures were reached.
        epochs: done so far.
        solved_at: the epoch at which the task was solved; None if never.
        seconds: spent training.
    """

    label: str
    rule: str
    status: str
    metric: str
    train: float
    validation: float
    test: float | None
    gap: float | None
    best_epoch: int
    epochs: int
    solved_at: int | None
    seconds: float


def table(records: Iterable[Record], *, metric: str | None = None) -> list[Row]:
    """The rows of a table of runs, in the order given.

    Args:
        records: of runs with at least epoch 0 done.
        metric: "loss" or one of the task's metrics; None is the one that each run was judged by.

    Returns:
        A row for each run.

    Raises:
        ValueError: a run without a history, or without that metric.

    Example:
        >>> from thalweg.train.record import Epoch
        >>> history = [Epoch(0, 0, 0, 0.0, {"loss": 2.5}, {"loss": 2.0})]
        >>> record = Record(
        ...     "digits",
        ...     "adam",
        ...     label="Adam",
        ...     history=history,
        ...     best={"epoch": 0, "metric": "loss", "value": 2.0},
        ... )
        >>> [(row.label, row.train, row.validation, row.test) for row in table([record])]
        [('Adam', 2.5, 2.0, None)]
    """
    return [_row(record, metric) for record in records]


def _row(record: Record, metric: str | None) -> Row:
    name = record.label or record.rule
    if not record.history:
        raise ValueError(f"{name}: no epoch done yet, so there are no figures")
    metric = metric or str(record.best["metric"])
    best = record.history[record.best["epoch"]]
    if metric not in best.train:
        raise ValueError(f"{name}: has no {metric!r}, only {', '.join(best.train)}")
    return Row(
        label=name,
        rule=record.rule,
        status=record.status,
        metric=metric,
        train=best.train[metric],
        validation=best.validation[metric],
        test=None if record.test is None else record.test[metric],
        gap=record.gap.get(metric),
        best_epoch=best.epoch,
        epochs=record.history[-1].epoch,
        solved_at=record.solved_at,
        seconds=record.history[-1].seconds,
    )
