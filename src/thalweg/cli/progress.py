"""How far a run is: a bar on a terminal, now and then a line elsewhere. All of it on stderr."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from thalweg.train.record import Record

# Often enough to see that it lives, seldom enough for a log file.
SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Shows the runs of one command, each under its label; a context manager."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._ids: dict[str, TaskID] = {}
        self._said = 0.0

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            self._bars = _bars()
            self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def show(self, record: Record) -> None:
        """Show where a run is; called after every epoch."""
        if self._bars is None:
            self._line(record)
            return
        done = record.history[-1].epoch
        if record.label not in self._ids:
            name = _safe(record.label)
            self._ids[record.label] = self._bars.add_task(name, total=record.epochs, figures="")
        self._bars.update(
            self._ids[record.label], completed=done, figures=_safe(", ".join(_figures(record)))
        )

    def _line(self, record: Record) -> None:
        now, done = time.monotonic(), record.history[-1].epoch
        ended = done >= record.epochs or record.status != "running"
        if not ended and now - self._said < SECONDS_BETWEEN_LINES:
            return
        self._said = now
        said = ", ".join([f"epoch {done}/{record.epochs}", *_figures(record)])
        print(f"{record.label}: {said}", file=sys.stderr, flush=True)


def _figures(record: Record) -> list[str]:
    """Training loss and the first metric on validation, of the last epoch."""
    from thalweg.train import number

    last = record.history[-1]
    said = [f"loss {number.plain(last.train['loss'])}"]
    name = record.best.get("metric", "loss")
    where, figures = ("validation", last.validation) if last.validation else ("", last.train)
    if name in figures and (where or name != "loss"):
        said.append(f"{where} {name} {number.metric(name, figures[name])}".strip())
    if record.status == "diverged":
        said.append("diverged")
    return said


def _safe(words: str) -> str:
    from rich.markup import escape

    return escape(words)


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    return Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeElapsedColumn(),
        TextColumn("[dim]left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
