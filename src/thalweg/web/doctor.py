"""The doctor's page: the sentence, what it stands on, what to change, and the pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from thalweg.doctor.evidence import Evidence, Point
from thalweg.doctor.past.course import matrices
from thalweg.doctor.symptom import Finding
from thalweg.doctor.verdict.diagnosis import Diagnosis
from thalweg.web.colour import BLUE, GREEN, GREY, ORANGE, VERMILION, Ink
from thalweg.web.figure import Chart, axis, figure, finite, line, mark, text
from thalweg.web.page import Markup, Page, element, facts

FILE = "doctor.html"
STATUS = {"fault": "diverged", "healthy": "finished", "not enough data": "running"}
MODES = {"batch": ("the step's own batch", BLUE), "probe": ("the probe set", GREEN)}


def page(diagnosis: Diagnosis, title: str = "The doctor's report") -> Page:
    """Draw the page of a diagnosis.

    Args:
        diagnosis: of a run, at any level.
        title: of the page.
    """
    made = Page(title)
    sentence = element("span", diagnosis.sentence, f"status {STATUS[diagnosis.verdict]}")
    made.add(Markup(f'<p class="lead">{sentence}</p>'))
    found = diagnosis.finding
    if found is not None and diagnosis.code:
        made.add(element("h2", "The change"), element("pre", diagnosis.code))
    charts = pictures(diagnosis.evidence)
    if charts:
        made.add(element("h2", "What was measured"))
        made.add_charts(charts)
    if found is not None:
        _explain(made, found, diagnosis)
    _others(made, diagnosis)
    _unknown(made, diagnosis)
    return made


def write(diagnosis: Diagnosis, folder: Path, title: str = "The doctor's report") -> Path:
    """Write `doctor.html` into a folder.

    Args:
        diagnosis: to draw.
        folder: where; it must exist.
        title: of the page.

    Returns:
        Its path.

    Raises:
        ValueError: it can't be written.
    """
    return page(diagnosis, title).write(folder / FILE)


def pictures(evidence: Evidence) -> list[Chart]:
    """The charts that the evidence allows: cut, losses, noise, layers, fork."""
    made = (_cut(evidence), _losses(evidence), _noise(evidence), _layers(evidence), _fork(evidence))
    return [one for one in made if one is not None]


def _explain(made: Page, found: Finding, diagnosis: Diagnosis) -> None:
    made.add(element("h2", "What it stands on"), facts(list(found.evidence.items())))
    if found.ruled_out:
        made.add(element("h2", "What was ruled out"), _list(found.ruled_out))
    if found.falsified_by:
        made.add(element("p", f"It would be proved wrong by {found.falsified_by}.", "note"))
    if diagnosis.consequences:
        made.add(element("p", f"It also explains: {', '.join(diagnosis.consequences)}.", "note"))


def _others(made: Page, diagnosis: Diagnosis) -> None:
    for title, others in (
        ("Further findings", diagnosis.findings[1:]),
        ("Observed, no fault", diagnosis.observed),
    ):
        if others:
            said = tuple(f"{one.symptom}: {one.sentence}" for one in others)
            made.add(element("h2", title), _list(said))


def _unknown(made: Page, diagnosis: Diagnosis) -> None:
    notes = [f"{note}." for note in diagnosis.evidence.notes]
    if diagnosis.silent:
        notes.insert(0, f"Could not be asked: {', '.join(diagnosis.silent)}.")
    if diagnosis.evidence.observed:
        phases = ", ".join(diagnosis.evidence.observed)
        notes.append(f"Phase: {phases}; what concerns speed is only observed then.")
    if notes:
        made.add(element("h2", "What is not known"), _list(tuple(notes)))


def _list(said: tuple[str, ...]) -> Markup:
    return Markup(f"<ul>{''.join(element('li', one) for one in said)}</ul>")


def _cut(evidence: Evidence) -> Chart | None:
    found = evidence.extra.get("cut")
    if not isinstance(found, Mapping) or not found.get("multiples"):
        return None
    places = found["multiples"]
    data = [
        line(places, finite(found[name]), words, ink)
        for name, (words, ink) in MODES.items()
        if name in found
    ]
    parabola = finite(found.get("parabola", []))
    if parabola:
        shown = _within(parabola, [v for name in MODES for v in finite(found.get(name, []))])
        data.append(line(places, shown, "the parabola of its slopes", _dashed(ORANGE)))
    here = _at(places, found.get("batch", []), 0.0)
    there = _at(places, found.get("batch", []), 1.0)
    if here is not None:
        data.append(mark(0.0, here, "here", GREY, symbol="circle"))
    if there is not None:
        data.append(mark(1.0, there, "your step", VERMILION, symbol="diamond"))
    caption = "The loss along your optimizer's own step; at 1 stands the step that it takes."
    x, y = axis("multiple of your step", form="~g"), axis("loss")
    views = {"cut": figure(data, x, y, showlegend=True, legend=LEGEND)}
    return Chart("The cut along the step", caption, views)


LEGEND = {"orientation": "h", "y": 1.12, "x": 0, "bgcolor": "rgba(0,0,0,0)"}


def _within(values: list[float | None], others: list[float | None]) -> list[float | None]:
    """The parabola, cut off where it would squeeze the curves into a line."""
    known = [one for one in others if one is not None]
    if not known:
        return values
    low, high = min(known), max(known)
    room = 0.5 * (high - low) or 1.0
    return [v if v is not None and low - room <= v <= high + room else None for v in values]


def _at(places: list[float], values: list[float], place: float) -> float | None:
    """The curve's height at a place, between the two points beside it."""
    pairs = list(zip(places, values, strict=False))
    for (a, one), (b, other) in pairwise(pairs):
        if a <= place <= b and math.isfinite(one) and math.isfinite(other):
            return one + (other - one) * (place - a) / (b - a) if b > a else one
    return None


def _losses(evidence: Evidence) -> Chart | None:
    curves: list[tuple[str, list[Point], Ink]] = [
        ("batches", evidence.losses, _pale()),
        ("probe set", evidence.probe_losses, GREEN),
        ("training part", [Point(one.step, one.train) for one in evidence.evaluations], BLUE),
        (
            "validation part",
            [Point(one.step, one.validation) for one in evidence.evaluations],
            ORANGE,
        ),
    ]
    data = [
        line([one.step for one in known], finite([one.value for one in known]), name, ink)
        for name, known, ink in curves
        if len(known) > 1
    ]
    if not data:
        return None
    views = {"loss": figure(data, axis("step"), axis("loss"), showlegend=True, legend=LEGEND)}
    return Chart("The run so far", "", views)


def _noise(evidence: Evidence) -> Chart | None:
    scale = evidence.noise_scale
    if scale is None or not math.isfinite(scale.value) or scale.value <= 0:
        return None
    sizes = [2.0**power for power in range(15)]
    gains = [100 / (1 + scale.value / size) for size in sizes]
    data = [line(sizes, gains, "a step's gain", BLUE, form=".0f")]
    if evidence.batch:
        gain = 100 / (1 + scale.value / evidence.batch)
        data.append(mark(evidence.batch, gain, "your batch", VERMILION, symbol="diamond"))
    caption = (
        f"What a step gains of the full gradient's, at a noise scale of {scale.value:.3g} samples "
        f"({scale.low:.3g} to {scale.high:.3g}). Right in its order of magnitude."
    )
    x, y = axis("batch size", log=True, decades=4), axis("gain of a step, per cent", zero=True)
    return Chart("Noise and batch size", caption, {"noise": figure(data, x, y)})


def _layers(evidence: Evidence) -> Chart | None:
    found = [one for one in matrices(evidence) if one.update]
    if not found:
        return None
    names = [text(one.name) for one in found]
    bars = [
        ("update over weight", [(one.update or 0.0) / one.weight for one in found], BLUE),
        ("gradient over weight", [(one.gradient or 0.0) / one.weight for one in found], ORANGE),
    ]
    data = [
        {
            "type": "bar",
            "x": names,
            "y": finite([v or None for v in values]),
            "name": name,
            "marker": {"color": f"{ink.light}|{ink.dark}"},
            "hovertemplate": "%{y:.3g}",
        }
        for name, values, ink in bars
    ]
    x = axis("layer, from input to output")
    y = axis("ratio", log=True, decades=6)
    caption = "How far a step moves each layer against its own size; a thousandth is usual."
    views = {"layers": figure(data, x, y, barmode="group", showlegend=True, legend=LEGEND)}
    return Chart("Layer by layer", caption, views)


def _fork(evidence: Evidence) -> Chart | None:
    curves = evidence.extra.get("fork")
    if not isinstance(curves, Mapping):
        return None
    inks = {"unchanged": GREY, "prescribed": GREEN}
    data = [
        line([float(n) for n in range(1, len(curve) + 1)], finite(curve), name, inks[name])
        for name, curve in curves.items()
        if name in inks
    ]
    caption = "The run as it is beside the run with the change, on the same batches."
    x, y = axis("steps of the fork"), axis("loss, averaged")
    views = {"fork": figure(data, x, y, showlegend=True, legend=LEGEND)}
    return Chart("The fork", caption, views)


def _dashed(ink: Ink) -> Ink:
    return Ink(ink.light, ink.dark, "dash")


def _pale() -> Ink:
    return Ink("#B9BEC4", "#5A6068")
