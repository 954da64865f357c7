"""Curves of runs: loss, metric, gap, learning rate and momentum, from their records."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from thalweg.train.number import FRACTIONS
from thalweg.train.record import Epoch, Record
from thalweg.web.colour import Ink, assign, of
from thalweg.web.figure import Chart, axis, figure, finite, line, mark

TALL, SHORT = 340, 250  # pixels: what a run is about, and what explains it

VIEWS: dict[str, tuple[str, Callable[[Epoch], float]]] = {
    "epochs": ("epochs (passes over the training data)", lambda e: e.epoch),
    "steps": ("steps of the optimizer", lambda e: e.step),
    "seconds": ("seconds of training, evaluation not counted", lambda e: e.seconds),
}

Curve: TypeAlias = tuple[str, Record, Ink, Callable[[Epoch], float | None]]
"""Name, run, ink, and which number of an epoch is drawn."""


def metric_of(records: Sequence[Record]) -> str | None:
    """The metric that is drawn beside the loss: the one that chose the best weights, or the first.

    >>> metric_of([Record("digits", "sgd")]) is None
    True
    """
    for record in records:
        names = [name for line in record.history[:1] for name in line.train if name != "loss"]
        chosen = record.best.get("metric")
        if names:
            return chosen if chosen in names else names[0]
    return None


def read(part: str, name: str) -> Callable[[Epoch], float | None]:
    """What takes `name` of a part ("train" or "validation") out of an epoch; None if not there."""
    return lambda epoch: getattr(epoch, part).get(name)


def gap(name: str) -> Callable[[Epoch], float | None]:
    """What takes train minus validation of `name` out of an epoch."""

    def difference(epoch: Epoch) -> float | None:
        seen, unseen = epoch.train.get(name), epoch.validation.get(name)
        return None if seen is None or unseen is None else seen - unseen

    return difference


def chart(
    title: str,
    caption: str,
    label: str,
    curves: Sequence[Curve],
    *,
    log: bool = False,
    zero: bool = False,
    form: str | None = None,
    views: Sequence[str] = ("epochs",),
    height: int = TALL,
) -> Chart | None:
    """One chart of several runs; None where there is nothing to draw.

    Args:
        title: what it shows.
        caption: how to read it.
        label: of the y axis, with its unit.
        curves: what to draw.
        log: a logarithmic y axis, where every value allows it.
        zero: a y axis that begins at zero.
        form: how the y axis reads, in d3's format; ".1%" for per cent.
        views: which x axes to offer, of `VIEWS`.
        height: in CSS pixels.
    """
    values = [v for _, run, _, take in curves for v in finite([take(e) for e in run.history])]
    drawn = [v for v in values if v is not None]
    if not drawn:
        return None
    # A surface's loss may be negative; a logarithm would drop those points without a word.
    log = log and min(drawn) > 0
    decades = math.log10(max(drawn) / min(drawn)) if log else 1.0
    upright = axis(label, log=log, decades=decades, zero=zero and min(drawn) >= 0, form=form)
    made = {}
    for view in views:
        words, position = VIEWS[view]
        data = [trace for curve in curves for trace in _traces(curve, position, form or ".4g")]
        made[view] = figure(data, axis(words), upright)
    return Chart(title, caption, made, height)


def _traces(curve: Curve, position: Callable[[Epoch], float], form: str) -> list[dict]:
    name, run, ink, take = curve
    points = [(position(e), take(e)) for e in run.history]
    points = [(x, y) for x, y in points if y is not None]
    if not points:
        return []
    xs, ys = [x for x, _ in points], [y for _, y in points]
    traces = [line(xs, finite(ys), name, ink, group=name, form=form)]
    last = [(x, y) for x, y in points if math.isfinite(y)]
    if run.status == "diverged" and last:
        traces.append(mark(*last[-1], "diverged", ink, symbol="x", group=name))
    return traces


def parts(record: Record) -> list[tuple[str, Ink]]:
    """How one run's page draws training and validation: the rule's colour, and dots."""
    ink = assign([record])[0]
    grey = of("gradient-descent")
    unseen = replace(grey if ink.light != grey.light else of("sgd"), dash="dot")
    return [("training", replace(ink, dash="solid")), ("validation", unseen)]


def portrait(record: Record) -> list[Chart]:
    """The charts of one run: training a line in the rule's colour, validation dots."""
    inks = parts(record)
    ink = inks[0][1]
    name = metric_of([record])
    views = tuple(VIEWS)

    def both(name: str) -> list[Curve]:
        return [
            (part, record, ink, read(part.replace("training", "train"), name)) for part, ink in inks
        ]

    def alone(words: str, take: Callable[[Epoch], float | None]) -> list[Curve]:
        return [(words, record, ink, take)]

    charts = [chart("Loss", "", "loss", both("loss"), log=True, views=views)]
    for metric in [name] if name else []:
        form = ".0%" if metric in FRACTIONS else None
        charts.append(chart(metric.capitalize(), "", metric, both(metric), form=form, views=views))
    shown = name or "loss"
    charts += [
        chart(
            "Generalisation gap",
            f"Training {shown} minus validation {shown}.",
            "gap",
            alone("gap", gap(shown)),
            form=".1%" if shown in FRACTIONS else None,
            height=SHORT,
        ),
        chart(
            "Learning rate",
            "At the last step of each epoch.",
            "learning rate",
            alone("learning rate", lambda e: e.lr),
            zero=True,
            height=SHORT,
        ),
        chart(
            "Momentum",
            "At the last step of each epoch.",
            "momentum",
            alone("momentum", lambda e: e.momentum),
            zero=True,
            height=SHORT,
        ),
    ]
    return [one for one in charts if one is not None]
