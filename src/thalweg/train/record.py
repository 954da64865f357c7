"""The record of a run: what was asked, what happened at every epoch, what came out.

Plain data, kept as `record.json` in the run's folder and rewritten whole after every epoch.
docs/record.md describes each field; everything that draws or compares runs reads only this.

JSON has no infinity and no NaN, yet a diverging run is full of them. They are written as the
strings "nan", "inf" and "-inf", which every JSON reader takes, and come back as floats.
"""

from __future__ import annotations

import copy
import json
import math
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from thalweg.train.atomic import replace

FORMAT = 1
FILE = "record.json"

Status = Literal["running", "finished", "stopped early", "diverged", "hopeless"]
STATUSES: tuple[Status, ...] = typing.get_args(Status)
Hyper = float | str | bool | None | list[Any] | dict[str, Any]

_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass
class Epoch:
    """One line of the history; epoch 0 is the model before its first step.

    Attributes:
        epoch: whole passes over the training part so far (the last one may be cut by divergence).
        step: optimizer steps so far.
        gradient_evaluations: gradients of single samples computed so far; a step on a batch of 64
            adds 64, so full batches and mini-batches share one axis.
        seconds: time spent training so far, without evaluation and checkpoints.
        train: "loss" and every metric of the task on the training part, in eval mode.
        validation: the same on the validation part.
        lr: the learning rate of the last step (of the first one at epoch 0); None if there is none.
        momentum: the momentum (or beta1) of that step; None if there is none.
    """

    epoch: int
    step: int
    gradient_evaluations: int
    seconds: float
    train: dict[str, float]
    validation: dict[str, float]
    lr: float | None = None
    momentum: float | None = None


@dataclass
class Record:
    """A run as data.

    Attributes:
        format: version of this layout; 1.
        task: the task's name.
        rule: the rule's name, or "torch.SGD" and the like for another optimizer.
        label: how to call the run in a table or a legend.
        hypers: the rule's hyper-parameters, defaults included; a schedule as its `to_dict()`.
        batch: samples a step; None means the whole training part (gradient descent).
        epochs: planned.
        seeds: "init", "order" and "dropout".
        parameters: trainable numbers in the model.
        samples: "train", "validation" and "test".
        status: "running", "finished", "stopped early", "diverged" or "hopeless".
        history: one `Epoch` for each, from epoch 0 on.
        best: "epoch", "metric" and "value" of the best weights by validation.
        test: "loss" and the metrics on the test part with the best weights; None until the end,
            and where the part was left closed.
        gap: train minus test, for the loss and every metric, both with the best weights; empty
            until the end. Memorising shows as a positive gap in accuracy, a negative one in loss.
        solved_at: first epoch at which the task counted as solved; None if never.
        versions: "thalweg", "torch" and "python".
        state_bytes: bytes of the optimizer's state.
        settings: what else decides the result: "accumulate", "clip_norm", "patience", "engine".

    Example:
        >>> import tempfile
        >>> record = Record("digits", rule="adam", hypers={"lr": 1e-3}, batch=64, epochs=30)
        >>> folder = tempfile.mkdtemp()
        >>> record.write(folder)
        >>> Record.read(folder) == record
        True
    """

    task: str
    rule: str
    label: str = ""
    hypers: dict[str, Hyper] = field(default_factory=dict)
    batch: int | None = None
    epochs: int = 0
    seeds: dict[str, int] = field(default_factory=dict)
    parameters: int = 0
    samples: dict[str, int] = field(default_factory=dict)
    status: Status = "running"
    history: list[Epoch] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    test: dict[str, float] | None = None
    gap: dict[str, float] = field(default_factory=dict)
    solved_at: int | None = None
    versions: dict[str, str] = field(default_factory=dict)
    state_bytes: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def write(self, folder: str | Path) -> None:
        """Write `record.json` into `folder`, whole or not at all.

        Args:
            folder: the run's folder; it must exist.

        Raises:
            ValueError: the file can't be written.
        """
        text = self.to_json(indent=1)
        replace(Path(folder) / FILE, lambda file: file.write(text.encode() + b"\n"))

    @classmethod
    def read(cls, folder: str | Path) -> Record:
        """Read the record of a run.

        Args:
            folder: the run's folder, or its `record.json`.

        Returns:
            The record.

        Raises:
            ValueError: no record there, a damaged one, or one of a newer format.
        """
        path = Path(folder)
        path = path if path.name == FILE else path / FILE
        try:
            text = path.read_bytes()
        except FileNotFoundError as error:
            raise ValueError(f"{path}: there is no run; `thalweg train --out` makes one") from error
        except OSError as error:
            raise ValueError(f"{path}: cannot be read ({error.strerror})") from error
        return cls.from_json(text, source=str(path))

    def to_json(self, *, indent: int | None = None) -> str:
        """The record as JSON text; `from_json` takes it back, every float bit for bit.

        Args:
            indent: spaces a level; None writes one line.

        Returns:
            The text.
        """
        return json.dumps(_map_numbers(self.to_dict(), _to_json), indent=indent, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes, *, source: str = "record") -> Record:
        """Make a record of what `to_json` gave.

        Args:
            text: the JSON.
            source: where it comes from, for the error line.

        Returns:
            The record.

        Raises:
            ValueError: not JSON, not a record, or one of a newer format.

        Example:
            >>> record = Record("digits", rule="adam", test={"loss": math.inf})
            >>> Record.from_json(record.to_json()) == record
            True
        """
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{source}: damaged ({error}); run the training again") from error
        if isinstance(plain, dict):
            plain = {
                key: value if key in _NAMES else _map_numbers(value, _from_json)
                for key, value in plain.items()
            }
        return cls.from_dict(plain, source=source)

    def to_dict(self) -> dict[str, Any]:
        """The record as nested dicts, lists and numbers; `from_dict` takes it back."""
        # By hand, not by `asdict`: that copies number by number, and this is done every epoch.
        history = [
            {**vars(line), "train": {**line.train}, "validation": {**line.validation}}
            for line in self.history
        ]
        rest = {name: value for name, value in vars(self).items() if name != "history"}
        plain = {**copy.deepcopy(rest), "history": history}
        names = ["format", *(one.name for one in fields(self) if one.name != "format")]
        return {name: plain[name] for name in names}

    @classmethod
    def from_dict(cls, plain: object, *, source: str = "record") -> Record:
        """Make a record of what `to_dict` gave.

        Args:
            plain: nested dicts, lists and numbers.
            source: where it comes from, for the error line.

        Returns:
            The record.

        Raises:
            ValueError: a newer format, or not a record.
        """
        if not isinstance(plain, dict) or type(plain.get("format")) is not int:
            raise ValueError(f"{source}: damaged (not the record of a run); run the training again")
        if plain["format"] != FORMAT:
            raise ValueError(
                f"{source}: format {plain['format']}, this thalweg reads {FORMAT}; "
                "upgrade with `pip install -U thalweg`"
            )
        try:
            epochs = [Epoch(**line) for line in plain.get("history", [])]
            record = cls(**{**plain, "history": epochs})
            record._check()
        except (TypeError, ValueError) as error:
            raise ValueError(f"{source}: damaged ({error}); run the training again") from error
        return record

    def _check(self) -> None:
        """Containers and status are what they are declared to be (TypeError, ValueError)."""
        if self.status not in STATUSES:
            raise ValueError(f"status={self.status!r} is none of {', '.join(STATUSES)}")
        for one in fields(self):
            default = one.default_factory
            if isinstance(default, type) and not isinstance(getattr(self, one.name), default):
                raise TypeError(f"{one.name} is not a {default.__name__}")
        for line in self.history:
            if not isinstance(line.train, dict) or not isinstance(line.validation, dict):
                raise TypeError(f"epoch {line.epoch} of the history holds no figures")


# Fields whose strings are names; a run may well be labelled "inf".
_NAMES = frozenset({"task", "rule", "label", "status", "versions"})


def _map_numbers(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _map_numbers(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_map_numbers(inner, change) for inner in value]
    return change(value)


def _to_json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _from_json(value: Any) -> Any:
    return _NON_FINITE.get(value, value) if isinstance(value, str) else value
