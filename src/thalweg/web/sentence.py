"""What was run and what came out, in words; pages and terminal say the same."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from thalweg import rules
from thalweg.schedules import Schedule
from thalweg.train import number
from thalweg.train.record import Record
from thalweg.web.colour import Run


def value(given: object) -> str:
    """A hyper-parameter's value; a schedule as its call.

    >>> value({"kind": "ramp", "format": 1, "start": 0.5, "end": 0.9, "epochs": 10})
    'ramp(0.5, 0.9, epochs=10)'
    >>> value(1e-3), value(True), value("sum")
    ('0.001', 'yes', 'sum')
    """
    if isinstance(given, Mapping) and "kind" in given:
        try:
            return repr(Schedule.from_dict(given))
        except ValueError:  # a kind of a newer version: its numbers are still worth showing
            pass
    if isinstance(given, Mapping):
        return "{" + ", ".join(f"{k}: {value(v)}" for k, v in given.items()) + "}"
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, list | tuple):
        return "[" + ", ".join(value(v) for v in given) + "]"
    return f"{given:g}" if isinstance(given, float | int) else str(given)


def settings(record: Run) -> str:
    """The learning rate and whatever differs from the rule's defaults.

    >>> settings(Record("digits", "adam", hypers={"lr": 0.002, "beta1": 0.9, "beta2": 0.99}))
    'lr 0.002, beta2 0.99'
    """
    return ", ".join(f"{name} {value(given)}" for name, given in chosen(record).items())


def chosen(record: Run) -> dict[str, Any]:
    """The hyper-parameters that say something: lr, and what differs from the rule's defaults.

    >>> chosen(Record("digits", "adam", hypers={"lr": 0.1, "betas": [0.8, 0.999], "fused": None}))
    {'lr': 0.1, 'beta1': 0.8}
    """
    known = rules.find(record.rule).defaults if record.rule in rules.names() else {}
    return {
        name: given
        for name, given in declared(record).items()
        if name == "lr" or known.get(name, ...) != given
    }


def declared(record: Run) -> dict[str, Any]:
    """The hyper-parameters that the rule itself declares, under its own names.

    Torch's own switches (`foreach`, `fused`) say who computes, not what.
    """
    if record.rule not in rules.names():
        return dict(record.hypers)
    rule, given = rules.find(record.rule), dict(record.hypers)
    for together, apart in rule.tuples.items():
        values: Any = given.pop(together, None) or []
        given |= dict(zip(apart, values, strict=False))
    return {name: given[name] for name in rule.hypers if name in given}


def feed(record: Record) -> str:
    """How much data each step sees.

    >>> feed(Record("digits", "sgd", batch=64)), feed(Record("digits", "sgd"))
    ('mini-batches of 64', 'all training data at every step')
    """
    if record.batch is None:
        return "all training data at every step"
    return f"mini-batches of {record.batch}"


def passes(record: Record) -> int:
    """The epochs that a run has done so far."""
    return record.history[-1].epoch if record.history else 0


def outcome(record: Record) -> str:
    """How a run ended."""
    done = passes(record)
    if record.status == "diverged":
        return f"diverged in epoch {done}"
    if record.status == "running":
        return f"not finished: {done} of {record.epochs} epochs so far"
    if record.status == "stopped early":
        return f"stopped early, after {done} of {record.epochs} epochs"
    if record.status == "hopeless":
        return f"given up as hopeless after {done} of {record.epochs} epochs"
    return f"finished after {done} epoch{'' if done == 1 else 's'}"


def best(record: Record) -> str | None:
    """The best figure on validation, as a sentence; None before there is one."""
    if not record.best:
        return None
    name, reached = record.best.get("metric", "loss"), record.best.get("value")
    where = record.best["epoch"]
    part = "validation" if any(e.validation for e in record.history) else "training"
    said = f"Best {part} {name}: {number.metric(name, reached)}, after epoch {where}."
    if record.test is not None and name in record.test:
        said += f" Those weights reach {number.metric(name, record.test[name])} on the test data."
    return said


def command(record: Record, task: str | None = None) -> str:
    """The command that runs it again.

    Args:
        record: of the run.
        task: how the task was called, where that is not its name: `my_task.py:mnist`.

    >>> command(Record("digits", "adam", hypers={"lr": 0.01}, batch=64, epochs=3))
    'thalweg train digits --rule adam --set lr=0.01 --epochs 3 --batch 64'
    """
    parts = ["thalweg", "train", task or record.task, "--rule", record.rule]
    for name, given in chosen(record).items():
        said = repr(given) if isinstance(given, float | int) else value(given)
        parts += ["--set", f"{name}={said}"]
    parts += ["--epochs", str(record.epochs), "--batch", str(record.batch or "full")]
    if record.seeds.get("init"):
        parts += ["--seed", str(record.seeds["init"])]
    for name in ("accumulate", "clip_norm", "patience"):
        if record.settings.get(name) not in (None, 1):
            parts += [f"--{name.replace('_', '-')}", value(record.settings[name])]
    return shlex.join(parts)
