"""`thalweg train`: one run, with a bar while it goes on, a table and a page afterwards."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from thalweg import tasks
from thalweg import train as room
from thalweg.cli import table
from thalweg.cli.complaint import Stopped
from thalweg.cli.progress import Progress
from thalweg.doctor.verdict.aside import aside
from thalweg.schedules import Schedule
from thalweg.train.record import Record
from thalweg.web import run, sentence


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line, read but not yet judged."""

    task: str
    rule: str
    hypers: dict[str, Any] = field(default_factory=dict)
    epochs: int | None = None
    batch: int | str | None = "task"
    seed: int = 0
    patience: int | None = None
    clip_norm: float | None = None
    accumulate: int = 1
    engine: str = "auto"
    keep: int = 0


def folder_for(wish: Wish) -> Path:
    """Where a run goes that was not told: the same wish, the same folder.

    The name carries a digest of all that decides the result, so that another learning rate is
    another run, and the same command again goes on with the run that is there.
    """
    plain = asdict(wish)
    for name in ("epochs", "patience", "keep"):  # how long to go on, and what to keep
        del plain[name]
    for name, value in wish.hypers.items():
        plain["hypers"][name] = value.to_dict() if isinstance(value, Schedule) else value
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:8]
    stem = wish.task.rpartition(":")[2] if ".py" in wish.task else wish.task
    return Path("runs") / f"{stem}-{wish.rule}-{digest}"


def train(wish: Wish, *, out: Path | None, open_page: bool) -> None:
    """Train, and say what came out.

    Raises:
        ValueError: bad input of any kind.
        Stopped: Ctrl-C.
    """
    task = tasks.find(wish.task)
    folder = out or folder_for(wish)
    asked = {name: value for name, value in vars(wish).items() if name != "task"}
    with Progress() as progress:
        try:
            record = room.fit(task, **asked, out=folder, on_epoch=progress.show)
        except KeyboardInterrupt:
            raise Stopped(f"stopped; the same command goes on with the run in {folder}") from None
    page = run.write(record, folder, task=wish.task)
    report(record)
    said = aside(record)
    if said is not None:
        print(f"doctor: {said}")
    tell(page, open_page)


def report(record: Record) -> None:
    """Print the figures of a run."""
    print(
        f"{record.label} on {record.task}: {sentence.outcome(record)}. "
        f"{sentence.best(record) or ''}".rstrip()
    )
    head, rows = run.rows(record)
    table.show(head, rows)


def tell(page: Path, open_page: bool) -> None:
    """Say where the page is, and open it if that was asked for."""
    print(f"page: {page}")
    if open_page:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
