"""`thalweg race`: the plan, a live table, the verdict, one page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from thalweg import race as room
from thalweg.cli import table
from thalweg.cli.complaint import Stopped
from thalweg.cli.live import Live
from thalweg.cli.setting import read
from thalweg.cli.train import tell
from thalweg.race.plan import Plan
from thalweg.race.space import Range
from thalweg.train import number
from thalweg.web import race as drawing


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line, read but not yet judged."""

    task: str
    rules: str
    points: int
    seeds: int
    epochs: int | None
    batch: int | None
    minutes: float | None
    widen: bool
    settings: list[str]
    spans: list[str]
    design: int
    on: str
    workers: int | None
    batched: bool
    collect: bool


def race(asked: Asked, *, out: Path | None, open_page: bool) -> None:
    """Race, and say what came out.

    Raises:
        ValueError: bad input of any kind.
        Stopped: Ctrl-C.
    """
    folder = out or folder_for(asked)
    with Live() as live:
        try:
            found = room.race(
                asked.task,
                names(asked.rules),
                points=asked.points,
                seeds=asked.seeds,
                epochs=asked.epochs,
                batch="task" if asked.batch is None else asked.batch,
                budget=asked.minutes,
                design=asked.design,
                widen=asked.widen,
                stated=read_stated(asked.settings),
                ranges=read_ranges(asked.spans),
                out=folder,
                on=asked.on,
                workers=asked.workers,
                batched=asked.batched,
                collect=asked.collect,
                on_plan=lambda plan: live.say(spell(plan)),
                on_progress=live.show,
            )
        except KeyboardInterrupt:
            raise Stopped(f"stopped; the same command goes on with the race in {folder}") from None
    page = drawing.write(found, folder)
    print(drawing.lead(found))
    for line in drawing.audit_lines(found):
        print(line)
    head, rows = drawing.rows(found)
    table.show(head, rows, left=(0, len(head) - 1))
    tell(page, open_page)


def spell(plan: Plan) -> str:
    """A plan in a line.

    >>> from thalweg.race.plan import Terms
    >>> spell(Plan(Terms(points=8, seeds=6), 92, 2_975_280, 75.0, 10**9, 2)).split(";")[0]
    'plan: 8 points and 6 seeds each, 92 runs, 2\u202f975\u202f280 gradient evaluations'
    """
    terms = plan.terms
    tuned = "published defaults" if terms.points == 1 else f"{terms.points} points"
    return (
        f"plan: {tuned} and {terms.seeds} seeds each, {number.count(plan.runs)} runs, "
        f"{number.count(plan.gradient_evaluations)} gradient evaluations; at most about "
        f"{number.seconds(plan.seconds)} and {number.size(plan.memory)} with "
        f"{plan.workers} worker{'' if plan.workers == 1 else 's'}"
    )


def names(text: str) -> list[str]:
    """The contestants of a list with commas.

    >>> names("sgd, other=adam")
    ['sgd', 'other=adam']
    """
    return [part.strip() for part in text.split(",") if part.strip()]


def read_stated(texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Hyper-parameters by contestant.

    >>> read_stated(["adam.beta2=0.99"])
    {'adam': {'beta2': 0.99}}
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        whose, rest = _whose("--set", text, "adam.beta2=0.99")
        name, value = read(rest)
        found.setdefault(whose, {})[name] = value
    return found


def read_ranges(texts: Sequence[str]) -> dict[str, dict[str, Range]]:
    """Ranges by contestant.

    >>> read_ranges(["adam.lr=1e-4:1e-1"])
    {'adam': {'lr': (0.0001, 0.1)}}
    """
    found: dict[str, dict[str, Range]] = {}
    for text in texts:
        whose, rest = _whose("--range", text, "adam.lr=1e-4:1e-1")
        name, _, span = rest.partition("=")
        low, _, high = span.partition(":")
        try:
            found.setdefault(whose, {})[name.strip()] = (float(low), float(high))
        except ValueError:
            raise ValueError(
                f"--range {text!r} is not RULE.NAME=LOW:HIGH; adam.lr=1e-4:1e-1 is an example"
            ) from None
    return found


def _whose(option: str, text: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    # The last dot before the sign: a contestant may be called "momentum 0.9".
    whose, dot, hyper = name.rpartition(".")
    if not dot or not equals or not whose.strip():
        raise ValueError(f"{option} {text!r} does not say whose it is; {example} is an example")
    return whose.strip(), f"{hyper}={value}"


def folder_for(asked: Asked) -> Path:
    """Where a race goes that was not told: the same task and rules, the same folder.

    Who runs it decides no result; nor do points and seeds, for what has been run is used again.
    """
    plain = asdict(asked)
    for name in ("points", "seeds", "minutes", "widen", "on", "workers", "collect"):
        del plain[name]
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:8]
    stem = asked.task.rpartition(":")[2] if ".py" in asked.task else asked.task
    return Path("runs") / f"{stem}-race-{digest}"
