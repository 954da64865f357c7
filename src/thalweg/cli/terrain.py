"""`thalweg terrain`: a picture of a surface, or of a slice through the loss of a run."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thalweg.cli.complaint import Stopped
from thalweg.cli.train import tell
from thalweg.terrain.call import terrain
from thalweg.terrain.result import Terrain
from thalweg.terrain.slice import Stage, Window
from thalweg.train import number
from thalweg.web import terrain as drawing

SECONDS_BETWEEN_LINES = 5.0
WIDEST = 1e6
"""Farther out, float32 weights hold nothing of their own any more."""


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line, read but not yet judged."""

    what: str
    directions: str | None = None
    other: str | None = None
    size: int | None = None
    samples: int | None = 1024
    mode: str | None = None
    window: str | None = None
    seed: int = 0
    task: str | None = None
    rules: list[str] = field(default_factory=list[str])
    steps: int = 200


def draw(asked: Asked, *, out: Path | None, open_page: bool) -> None:
    """Measure, write terrain.json and terrain.html, and say what there is to see.

    Raises:
        ValueError: bad input of any kind.
        Stopped: Ctrl-C.
    """
    folder = out or (Path(asked.what) if Path(asked.what).is_dir() else Path("runs") / asked.what)
    extra: dict[str, Any] = {"mode": asked.mode}
    with _Bar() as bar:
        try:
            made = terrain(
                asked.what,
                directions=asked.directions,
                other=asked.other,
                size=asked.size,
                window=read_window(asked.window),
                samples=asked.samples or None,
                seed=asked.seed,
                task=asked.task,
                rules=asked.rules,
                steps=asked.steps,
                folder=folder / "terrain" if Path(asked.what).is_dir() else None,
                on_progress=bar.show,
                **extra,
            )
        except KeyboardInterrupt:
            raise Stopped("stopped; the same command goes on where it was") from None
    folder.mkdir(parents=True, exist_ok=True)
    made.write(folder)
    report(made)
    tell(drawing.write(made, folder), open_page)


def report(made: Terrain) -> None:
    """Print what a picture of it says first."""
    print(f"{made.title}: {drawing.lead(made)}")
    if made.kind == "slice":
        print(drawing.conditions(made))
    for one in made.features[:8]:
        if one.kind == "minimum":
            place = f"({number.plain(one.x)}, {number.plain(one.y)})"
            height = number.plain(drawing.rounded(one.height, made))
            print(f"  {height} at {place}: {one.words}")
    for note in [*made.notes, *(drawing.terrain_line.sentence(one) for one in made.profiles)]:
        print(note[:1].upper() + note[1:])
    print(f"{made.method[:1].upper() + made.method[1:]}; {number.seconds(made.seconds)}")


def read_window(text: str | None) -> Window | None:
    """A window: one half-width, or four ends.

    >>> read_window("2"), read_window("-1:1,0:3")
    (((-2.0, 2.0), (-2.0, 2.0)), ((-1.0, 1.0), (0.0, 3.0)))
    """
    if text is None:
        return None
    window = _ends(text)
    if not all(-WIDEST <= low < high <= WIDEST for low, high in window):
        raise ValueError(
            f"--range {text!r}: each side goes from a smaller to a larger number, within "
            f"{WIDEST:g}; 1 (from -1 to 1) or -1:1,0:3 do"
        )
    return window


def _ends(text: str) -> Window:
    try:
        if ":" not in text:
            half = float(text)
            return (-half, half), (-half, half)
        (a, b), (c, d) = ([float(end) for end in side.split(":")] for side in text.split(","))
        return (a, b), (c, d)
    except ValueError:
        raise ValueError(
            f"--range {text!r} can't be read; 1 (from -1 to 1) or -1:1,0:3 can"
        ) from None


class _Bar:
    """A bar on a terminal, now and then a line elsewhere; on stderr."""

    def __init__(self) -> None:
        self._bars: Any = None
        self._task: Any = None
        self._said = time.monotonic()

    def __enter__(self) -> _Bar:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._bars = Progress(console=Console(stderr=True))
            self._bars.start()
            self._task = self._bars.add_task("points", total=None)
        return self

    def __exit__(self, *error: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def show(self, stage: Stage) -> None:
        """Show how far a slice is."""
        if self._bars is not None:
            self._bars.update(self._task, completed=stage.done, total=stage.total)
        elif time.monotonic() - self._said > SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            print(f"{stage.done} of {stage.total} points", file=sys.stderr, flush=True)
