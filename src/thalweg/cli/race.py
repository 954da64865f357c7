"""`thalweg race`: four methods, one table, one page."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from thalweg import race as room
from thalweg import tasks
from thalweg.cli import table
from thalweg.cli.complaint import Stopped
from thalweg.cli.progress import Progress
from thalweg.cli.train import Wish, folder_for, tell
from thalweg.web import race as drawing


def race(
    task: str,
    *,
    epochs: int | None,
    batch: int | Literal["task"],
    seed: int,
    out: Path | None,
    engine: str,
    open_page: bool,
) -> None:
    """Race, and say what came out.

    Raises:
        ValueError: bad input of any kind.
        Stopped: Ctrl-C.
    """
    found = tasks.find(task)
    # The momentum's ramp ends with the race, so its length is part of what decides the result.
    wish = Wish(task, "race", {"epochs": epochs}, batch=batch, seed=seed, engine=engine)
    folder = out or folder_for(wish)
    with Progress() as progress:
        try:
            result = room.race(
                found,
                out=folder,
                epochs=epochs,
                batch=batch,
                seed=seed,
                engine=engine,
                on_progress=lambda contestant, record: progress.show(record),
            )
        except KeyboardInterrupt:
            raise Stopped(f"stopped; the same command goes on with the race in {folder}") from None
    page = drawing.write(result, folder, task=task)
    print(drawing.lead(result.records))
    print(drawing.STATED)
    head, rows = drawing.rows(result.records)
    table.show(head, rows, left=(0, len(head) - 1))
    tell(page, open_page)
