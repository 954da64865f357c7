"""The page of one run: what was run, what came out, and the curves."""

from __future__ import annotations

from pathlib import Path

from thalweg.doctor.verdict.aside import aside
from thalweg.train import number
from thalweg.train.record import Record
from thalweg.web import sentence
from thalweg.web.curve import TALL, parts, portrait
from thalweg.web.page import Markup, Page, element, facts, legend, table


def page(record: Record, task: str | None = None) -> Page:
    """Draw the page of a run.

    Args:
        record: of a run at any moment; an unfinished one is drawn as far as it has come.
        task: how the task was called, where that is not its name: `my_task.py:mnist`.
    """
    made = Page(f"{record.label} on {record.task}")
    settings = sentence.settings(record)
    said = f"{record.label}{f' ({settings})' if settings else ''} on {sentence.feed(record)}"
    made.add(
        Markup(
            f'<p class="lead">{element("span", said)}: '
            f"{element('span', sentence.outcome(record), _status(record))}. "
            f"{element('span', sentence.best(record) or '')}</p>"
        ),
        _figures(record),
    )
    said = aside(record)
    if said is not None:
        made.add(element("p", f"The doctor: {said}", "note"))
    if record.history:
        made.add(legend(parts(record)))
        charts = portrait(record)
        made.add_charts([chart for chart in charts if chart.height >= TALL])
        made.add_charts([chart for chart in charts if chart.height < TALL], "small")
    made.add(
        element("h2", "What was run"),
        facts(_facts(record)),
        element("pre", sentence.command(record, task)),
    )
    return made


def write(record: Record, folder: Path, task: str | None = None) -> Path:
    """Write `page.html` into a run's folder.

    Args:
        record: of the run.
        folder: where it lies.
        task: how the task was called, where that is not its name.

    Returns:
        Its path.

    Raises:
        ValueError: it can't be written.
    """
    return page(record, task).write(folder / "page.html")


def rows(record: Record) -> tuple[list[str], list[list[str]]]:
    """The table of a run in words: the head, and a row for the loss and for each metric."""
    head = ["", "training", "validation", "test", "generalisation gap"]
    if not record.history or not record.best:
        return head, []
    best = record.history[record.best["epoch"]]
    return head, [
        [
            name,
            number.metric(name, value),
            number.metric(name, best.validation.get(name)),
            number.metric(name, (record.test or {}).get(name)),
            number.gap(name, record.gap.get(name)),
        ]
        for name, value in best.train.items()
    ]


def _figures(record: Record) -> Markup:
    head, body = rows(record)
    if not body:
        return element("p", "No epoch has ended yet.", "note")
    note = f"At the best weights, epoch {record.best['epoch']}. The gap is training minus test."
    return Markup(table(head, body, narrow=True) + element("p", note, "note"))


def _status(record: Record) -> str:
    return f"status {record.status.split()[0]}"


def _facts(record: Record) -> list[tuple[str, str]]:
    last = record.history[-1] if record.history else None
    said = [(name, sentence.value(value)) for name, value in sentence.declared(record).items()]
    said += [
        ("trainable parameters", number.count(record.parameters)),
        ("optimizer state", number.size(record.state_bytes)),
        ("samples", ", ".join(f"{number.count(v)} {k}" for k, v in record.samples.items())),
        ("batch", number.count(record.batch) if record.batch else "full"),
        ("seeds", ", ".join(f"{k} {v}" for k, v in record.seeds.items())),
    ]
    if last is not None:
        said += [
            ("steps", number.count(last.step)),
            ("gradients of single samples", number.count(last.gradient_evaluations)),
            ("training time", number.seconds(last.seconds)),
        ]
    if record.solved_at is not None:
        said.append(("solved at epoch", str(record.solved_at)))
    said += [(k.replace("_", " "), str(v)) for k, v in record.settings.items() if v is not None]
    said += [(k, v) for k, v in record.versions.items()]
    return said
