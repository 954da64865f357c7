"""How far a race is: a table that changes on a terminal, now and then a line elsewhere. On stderr.

The best scores are those on validation; what the test part says is not shown before the end.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from thalweg.train import number

if TYPE_CHECKING:
    from rich.live import Live as Screen
    from rich.table import Table

    from thalweg.race.running import Progress

SECONDS_BETWEEN_LINES = 5.0
WORDS = {"tune": "tuning", "widen": "widening", "select": "the best again", "final": "final"}


class Live:
    """Shows a race; a context manager."""

    def __init__(self) -> None:
        self._screen: Screen | None = None
        self._said = 0.0

    def __enter__(self) -> Live:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live as Screen

            self._screen = Screen(
                console=Console(stderr=True), refresh_per_second=4, transient=True
            )
            self._screen.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._screen is not None:
            self._screen.stop()

    def say(self, words: str) -> None:
        """A line that stays."""
        if self._screen is not None:
            self._screen.console.print(words, markup=False, highlight=False)
        else:
            print(words, file=sys.stderr, flush=True)

    def show(self, progress: Progress) -> None:
        """Show where the race is; called whenever something has happened."""
        if self._screen is not None:
            self._screen.update(_table(progress))
            return
        now = time.monotonic()
        if now - self._said >= SECONDS_BETWEEN_LINES:
            self._said = now
            print(line(progress), file=sys.stderr, flush=True)


def line(progress: Progress) -> str:
    """A race in a line.

    >>> from thalweg.race.running import Progress
    >>> line(Progress("tune", {("adam", "tune"): 3}, {("adam", "tune"): 16}, {"adam": 0.97}, 4, 9))
    'tuning: 3 of 16 runs; best on validation so far: adam 0.97; about 9.0 s left'
    """
    done, planned = (
        sum(count for (_, at), count in table.items() if at == progress.stage)
        for table in (progress.done, progress.planned)
    )
    said = [f"{WORDS[progress.stage]}: {done} of {planned} runs"]
    if progress.best:
        scores = ", ".join(f"{key} {number.plain(v)}" for key, v in progress.best.items())
        said.append(f"best on validation so far: {scores}")
    if progress.left is not None:
        said.append(f"about {number.seconds(progress.left)} left")
    return "; ".join(said)


def _table(progress: Progress) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    left = "" if progress.left is None else f", about {number.seconds(progress.left)} left"
    made = Table(
        box=box.SIMPLE_HEAD,
        title=f"{number.seconds(progress.elapsed)} so far{left}",
        title_justify="left",
        title_style="dim",
        header_style="dim",
    )
    stages = list(dict.fromkeys(stage for _, stage in progress.planned))
    made.add_column("")
    for stage in stages:
        made.add_column(WORDS[stage], justify="right")
    made.add_column("best on validation so far", justify="right")
    for key in dict.fromkeys(key for key, _ in progress.planned):
        counts = [
            f"{progress.done.get((key, stage), 0)} of {progress.planned.get((key, stage), 0)}"
            for stage in stages
        ]
        best = number.plain(progress.best.get(key))
        made.add_row(Text(key, style="bold"), *(Text(count) for count in counts), Text(best))
    return made
