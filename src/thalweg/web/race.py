"""The page of a race: one table, the curves of all, and the valley that explains them."""

from __future__ import annotations

import math
from pathlib import Path

from thalweg.race import Result
from thalweg.train.record import Record
from thalweg.web import number, sentence
from thalweg.web.colour import assign
from thalweg.web.curve import comparison
from thalweg.web.page import Cell, Markup, Page, chip, element, escape, legend, table
from thalweg.web.valley import small_multiples

STATED = (
    "Settings are stated, not tuned: the race shows how the methods behave, not which is best. "
    "All start from the same weights and see the data in the same order."
)


def page(result: Result, task: str | None = None) -> Page:
    """Draw the page of a race.

    Args:
        result: of the race.
        task: how the task was called, where that is not its name: `my_task.py:mnist`.
    """
    count = {3: "Three", 4: "Four"}.get(len(result.records), str(len(result.records)))
    made = Page(f"{count} optimizers on {result.task}")
    inks = assign(result.records)
    made.add(
        element("p", lead(result.records), "lead"),
        element("p", f"{result.about} {STATED}".strip(), "note"),
        _table(result),
        element("h2", "The run"),
        legend([(run.label, ink) for run, ink in zip(result.records, inks, strict=True)]),
    )
    made.add_charts(comparison(result.records))
    if result.valley is not None:
        made.add(
            element("h2", "Why they differ: the same methods in a valley"),
            element("p", VALLEY, "note"),
        )
        made.add_charts(small_multiples(result.valley), "valleys")
    commands = "\n".join(sentence.command(record, task) for record in result.records)
    made.add(element("h2", "Run one of them again"), element("pre", commands))
    return made


VALLEY = (
    "Gradient descent crawls, SGD zigzags, momentum runs down the valley floor, Adam cuts across. "
    "The ravine is a hundred times steeper across than along, seen from above: the ring is the "
    "start, each dot a step, the star the lowest point; there means within 0.25 of it. Gradient "
    "descent takes the slope of all samples, the others that of one sample at a time, in the same "
    "order."
)


def write(result: Result, folder: Path, task: str | None = None) -> Path:
    """Write `page.html` into a race's folder.

    Args:
        result: of the race.
        folder: where it lies.
        task: how the task was called, where that is not its name.

    Returns:
        Its path.

    Raises:
        ValueError: it can't be written.
    """
    return page(result, task).write(folder / "page.html")


def winner(records: list[Record]) -> Record | None:
    """The run with the best figure on validation; None before any has one, or on a tie."""
    scored = [run for run in records if run.best and math.isfinite(run.best["value"])]
    if not scored:
        return None
    name = scored[0].best["metric"]
    scored = [run for run in scored if run.best["metric"] == name]
    # Which way is better shows in the runs: the best of each is its highest figure or its lowest.
    higher = any(run.best["value"] > min(_figures(run, name), default=math.inf) for run in scored)
    ordered = sorted(scored, key=lambda run: run.best["value"], reverse=higher)
    tie = len(ordered) > 1 and ordered[0].best["value"] == ordered[1].best["value"]
    return None if tie else ordered[0]


def _figures(run: Record, name: str) -> list[float]:
    """What a run was judged by, at every epoch that has a number."""
    values = [(epoch.validation or epoch.train).get(name, math.nan) for epoch in run.history]
    return [value for value in values if math.isfinite(value)]


def lead(records: list[Record]) -> str:
    """What came out, in two sentences."""
    epochs = records[0].epochs if records else 0
    said = f"{epochs} pass{'' if epochs == 1 else 'es'} over the training data for each."
    best = winner(records)
    if best is not None:
        name = best.best["metric"]
        where = "validation" if best.history[0].validation else "training"
        said += (
            f" {best.label} reached the best {where} {name}, "
            f"{number.metric(name, best.best['value'])}, after epoch {best.best['epoch']}."
        )
    return said


def rows(records: list[Record]) -> tuple[list[str], list[list[str]]]:
    """The race's table in words: the head, and a row for each run."""
    name = next((run.best["metric"] for run in records if run.best), "loss")
    seen = any(run.history and run.history[0].validation for run in records)
    where = "validation" if seen else "training"
    head = [
        "",
        f"best {where} {name}",
        "at epoch",
        f"test {name}",
        "generalisation gap",
        "solved at epoch",
        "steps",
        "training time",
        "settings",
    ]
    made = []
    for run in records:
        last = run.history[-1]
        made.append(
            [
                run.label,
                number.metric(name, run.best.get("value")),
                str(run.best.get("epoch", number.MISSING)),
                number.metric(name, (run.test or {}).get(name)),
                number.gap(name, run.gap.get(name)),
                number.MISSING if run.solved_at is None else str(run.solved_at),
                number.count(last.step),
                number.seconds(last.seconds),
                sentence.settings(run)
                + (f"; diverged in epoch {last.epoch}" if run.status == "diverged" else ""),
            ]
        )
    return head, made


def _table(result: Result) -> Markup:
    head, body = rows(result.records)
    best = winner(result.records)
    cells: list[list[str | Cell]] = []
    for run, ink, row in zip(result.records, assign(result.records), body, strict=True):
        name = Markup(chip(ink) + escape(row[0]))
        score = Cell(row[1], "best" if run is best else "")
        cells.append([name, score, *row[2:-1], Cell(row[-1], "words")])
    return table(head, cells)
