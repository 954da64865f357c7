"""Curves of a race: learning, time to target, performance profile."""

from __future__ import annotations

import math
from collections.abc import Callable

from thalweg.race.result import Arrival, Curve, Result
from thalweg.train.number import FRACTIONS
from thalweg.web import span as words
from thalweg.web.figure import MUTED, Chart, axis, band, figure, finite, line
from thalweg.web.roster import Seat
from thalweg.web.span import known

UNSEEN, SEEN = "On data that no method was trained on.", "On the training data."

CLOCKS: dict[str, tuple[str, Callable[[Curve], list[float]], Callable[[Arrival], float]]] = {
    "epochs": ("epochs (passes over the training data)", lambda c: c.epochs, lambda a: a.epochs),
    "steps": ("steps of the optimizer", lambda c: c.steps, lambda a: math.nan),
    "gradients": (
        "gradients of single samples",
        lambda c: c.gradient_evaluations,
        lambda a: a.gradient_evaluations,
    ),
    "seconds": (
        "seconds of training, each method measured alone",
        lambda c: c.seconds,
        lambda a: a.seconds,
    ),
}
"""For each x axis its label, and where a curve and an arrival have it; arrivals know no steps."""


def curves(result: Result, seats: list[Seat]) -> list[Chart]:
    """Validation metric, validation loss, training loss and gap: medians and quartiles."""
    metric = result.metric
    form = ".1~%" if metric in FRACTIONS else None
    charts = [
        _curve(result, seats, f"Validation {metric}", ("validation", metric), UNSEEN, form)
        if metric != "loss"
        else None,
        _curve(result, seats, "Validation loss", ("validation", "loss"), UNSEEN, log=True),
        _curve(result, seats, "Training loss", ("train", "loss"), SEEN, log=True),
        _curve(
            result,
            seats,
            "Generalisation gap",
            ("gap", metric),
            f"Training {metric} minus validation {metric}.",
            form,
        ),
    ]
    return [chart for chart in charts if chart is not None]


def _curve(
    result: Result,
    seats: list[Seat],
    title: str,
    what: tuple[str, str],
    caption: str,
    form: str | None = None,
    *,
    log: bool = False,
) -> Chart | None:
    part, name = what
    found = [
        (entrant.label, ink, curve)
        for entrant, ink in seats
        for curve in entrant.curves
        if (curve.part, curve.name) == what
    ]
    drawn = [v for _, _, c in found for v in finite([*c.middle, *c.low]) if v is not None]
    if not drawn:
        return None
    log = log and min(drawn) > 0
    decades = math.log10(max(drawn) / min(drawn)) if log else 1.0
    upright = axis("gap" if part == "gap" else name, log=log, decades=decades, form=form)
    if not log and part != "gap":
        upright |= _focus([c for _, _, c in found], result.higher)
    if part == "gap":
        upright |= {"zeroline": True, "zerolinecolor": MUTED, "zerolinewidth": 1}
    views = {}
    for view, (label, clock, _) in CLOCKS.items():
        data = []
        for group, ink, curve in found:
            # What lies at or below zero is not on a logarithmic axis.
            low = [v if v is None or not log or v > 0 else min(drawn) for v in curve.low]
            data.append(band(clock(curve), low, curve.high, ink, group=group))
        for group, ink, curve in found:
            data.append(
                line(clock(curve), curve.middle, group, ink, group=group, form=form or ".4g")
            )
        views[view] = figure(data, axis(label), upright)
    return Chart(title, caption, views)


def _focus(found: list[Curve], higher: bool) -> dict:
    """A range that leaves out the way from the start, if most of the axis would be that."""
    late = [
        v
        for curve in found
        for e, low, high in zip(curve.epochs, curve.low, curve.high, strict=True)
        if e >= 0.15 * curve.epochs[-1]
        for v in finite([low, high])
        if v is not None
    ]
    every = [v for c in found for v in finite([*c.low, *c.high]) if v is not None]
    if not late or max(late) == min(late):
        return {}
    margin = 0.06 * (max(late) - min(late))
    if max(every) - min(every) < 1.3 * (max(late) - min(late)):
        return {}
    if higher:
        return {"range": [min(late) - margin, max(every) + margin]}
    return {"range": [min(every) - margin, max(late) + margin]}


def targets(result: Result, seats: list[Seat]) -> Chart | None:
    """How long until each target; open marks are lower bounds. None without targets."""
    views = {}
    metric, fraction = result.metric, result.metric in FRACTIONS
    for view, (label, _, clock) in CLOCKS.items():
        data, times = [], []
        for entrant, ink in seats:
            points = [(a.target, clock(a), a.share) for a in entrant.arrivals]
            points = [point for point in points if known(point[1])]
            if not points:
                continue
            times += [time for _, time, _ in points]
            made = line(
                [target for target, _, _ in points],
                [time for _, time, _ in points],
                entrant.label,
                ink,
                group=entrant.label,
            )
            symbols = ["circle" if share >= 1 else "circle-open" for _, _, share in points]
            made["mode"] = "lines+markers"
            made["marker"] |= {"symbol": symbols, "size": 9}
            made["customdata"] = [
                [words.share(share), "" if share >= 1 else "> "] for _, _, share in points
            ]
            made["hovertemplate"] = "%{customdata[1]}%{y:.3g}, %{customdata[0]} arrived"
            data.append(made)
        if data:
            log = min(times) > 0 and max(times) > 20 * min(times)
            decades = math.log10(max(times) / min(times)) if log else 1.0
            across = axis(f"target: validation {metric}", form=".0%" if fraction else None)
            if not result.higher:
                across["autorange"] = "reversed"  # harder to the right, as everywhere else
            upright = axis(label, log=log, decades=decades, zero=True)
            views[view] = figure(data, across, upright)
    if not views:
        return None
    caption = "Lower is faster. Open: some runs never arrived, so it is longer than drawn."
    return Chart("Time to target", caption, views)


def profile(result: Result, seats: list[Seat]) -> Chart | None:
    """In how many cases each was within so many times the fastest; None without cases."""
    data = []
    for entrant, ink in seats:
        if not any(known(value) for value in entrant.profile):
            continue
        made = line(
            result.ratios, entrant.profile, entrant.label, ink, group=entrant.label, form=".0%"
        )
        made["line"]["shape"] = "hv"
        data.append(made)
    if not data:
        return None
    across = axis("time, as a multiple of the fastest's") | {"range": [1, max(result.ratios)]}
    upright = axis("share of targets and seeds", form=".0%") | {"range": [0, 1.03]}
    caption = "At 1×: how often it was the fastest. At the right: how often it arrived in time."
    return Chart("Performance profile", caption, {"": figure(data, across, upright)})
