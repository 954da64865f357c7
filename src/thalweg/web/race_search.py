"""Charts of a race's search: what tuning buys, and what a wrong learning rate costs."""

from __future__ import annotations

import math
from dataclasses import replace

from thalweg.race.result import Entrant, Result, Trial
from thalweg.train import number
from thalweg.train.number import FRACTIONS
from thalweg.web import roster
from thalweg.web.colour import Ink
from thalweg.web.figure import GRID, MUTED, TEXT, Chart, axis, band, colour, figure, line, text
from thalweg.web.roster import Seat
from thalweg.web.span import known

BAD = "#b3401a|#f0905f"
SYMBOLS = {"diverged": "x", "hopeless": "triangle-down-open", "failed": "square-open"}


def cost(result: Result, seats: list[Seat]) -> Chart | None:
    """The expected best score after so many points; None where no search was made."""
    form = ".1~%" if result.metric in FRACTIONS else None
    searched = [(entrant, ink, entrant.cost) for entrant, ink in seats]
    found = [(e.label, ink, c) for e, ink, c in searched if c is not None and len(c.points) > 1]
    if not found:
        return None
    views = {}
    for view in ("points", "seconds"):
        label = "points tried" if view == "points" else "seconds of training spent on the search"
        bands, data = [], []
        for group, ink, c in found:
            x = [p * (c.seconds if view == "seconds" else 1) for p in c.points]
            if not all(map(known, x)):
                continue
            bands.append(band(x, c.low, c.high, ink, group=group))
            until = c.trusted
            sure = line(x[:until], c.middle[:until], group, ink, group=group)
            beyond = line(x[until - 1 :], c.middle[until - 1 :], group, ink, group=group)
            beyond["line"] |= {"dash": "dot" if ink.dash == "dash" else "dash", "width": 1.6}
            # One line that is not seen answers the pointer, or the joint would answer twice.
            whole = line(x, c.middle, group, ink, group=group, form=form or ".4g")
            whole["line"] |= {"width": 0}
            for drawn in (sure, beyond):
                drawn |= {"hoverinfo": "skip", "hovertemplate": None}
            data += [beyond, sure, whole]
        if data:
            upright = axis(f"validation {result.metric}", form=form) | _close(found, result)
            views[view] = figure([*bands, *data], axis(label, zero=view == "seconds"), upright)
    if not views:
        return None
    caption = (
        "Expected best score on validation after so many points, with a 90 % band. Dashed: too "
        "few points are left to trust it."
    )
    return Chart("What tuning buys", caption, views)


def _close(found: list[tuple], result: Result) -> dict:
    """A range that shows the estimates whole, and of the bands what lies near them."""
    middles = [v for _, _, c in found for v in c.middle if known(v)]
    ends = [v for _, _, c in found for v in (c.high if result.higher else c.low) if known(v)]
    if not middles or not ends:
        return {}
    low, high = min(middles + ends), max(middles + ends)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return {"range": [low - margin, high + margin]}


def sensitivity(result: Result, seats: list[Seat]) -> list[Chart]:
    """A panel for each method whose learning rate was searched: a dot for each point."""
    drawn = [(e, ink, _placed(e)) for e, ink in seats]
    drawn = [(e, ink, trials) for e, ink, trials in drawn if len(trials) > 1]
    scores = [t.score for _, _, trials in drawn for t in trials if t.score is not None]
    scores = [score for score in scores if known(score)]
    if not scores:
        return []
    margin = 0.08 * (max(scores) - min(scores)) or 0.05 * abs(max(scores)) or 1.0
    log = result.metric not in FRACTIONS and min(scores) > 0 and max(scores) > 10 * min(scores)
    reach = [min(scores) - margin, max(scores) + margin]
    if log:
        reach = [math.log10(min(scores) / 1.2), math.log10(max(scores) * 1.2)]
    # As many decades on every panel: the same distance is the same factor.
    decades = max(math.log10(high / low) for low, high in (_ends(e, t) for e, _, t in drawn))
    return [_panel(result, e, ink, trials, reach, log, decades) for e, ink, trials in drawn]


def _placed(entrant: Entrant) -> list[Trial]:
    return [trial for trial in entrant.trials if trial.lr is not None and trial.lr > 0]


def _ends(entrant: Entrant, trials: list[Trial]) -> tuple[float, float]:
    rates = [trial.lr for trial in trials if trial.lr is not None]
    ranges = [end for one in entrant.axes if one.name == "lr" for end in (one.low, one.high)]
    return min(rates + ranges), max(rates + ranges)


def _panel(
    result: Result,
    entrant: Entrant,
    ink: Ink,
    trials: list[Trial],
    reach: list[float],
    log: bool,
    decades: float,
) -> Chart:
    form = ".1~%" if result.metric in FRACTIONS else None
    scored = [t for t in trials if t.status == "finished" and known(t.score)]
    lost = [t for t in trials if t not in scored]
    low, high = _ends(entrant, trials)
    middle, half = math.log10(low * high) / 2, decades / 2 + 0.15
    says = next((one.says for one in entrant.axes if one.name == "lr"), "lr")
    across = axis("learning rate" if says == "lr" else says, log=True)
    across |= {
        "range": [middle - half, middle + half],
        "dtick": 1 if decades <= 6 else 2,
        "exponentformat": "power",
        "tickformat": None,
        "anchor": "y2",
    }
    upright = axis(f"validation {result.metric}", log=log, form=form)
    upright |= {"range": reach, "domain": [0.2, 1]}
    strip = {
        "domain": [0, 0.13],
        "range": [-1, 1],
        "showgrid": False,
        "zeroline": True,
        "zerolinecolor": GRID,
        "tickvals": [0],
        "ticktext": ["no result"],
        "tickfont": {"size": 11.5, "color": BAD if lost else MUTED},
        "fixedrange": True,
        "automargin": True,
    }
    data = [
        _dots(entrant, scored, ink, form, [t.score for t in scored]),
        _dots(entrant, lost, ink, form, [0.0] * len(lost), strip=True),
    ]
    data += [_ring(t, entrant.label) for t in scored if t.hypers == entrant.chosen]
    made = figure(data, across, upright, hovermode="closest", yaxis2=strip)
    return Chart(entrant.label, _costs(entrant, result.metric), {"": made}, 300)


def _costs(entrant: Entrant, metric: str) -> str:
    """What a wrong learning rate costs, in words."""
    found = entrant.sensitivity
    if found is None:
        return ""
    if not math.isfinite(found.excess):
        return found.sentence
    mean = number.distance(metric, found.excess)
    return f"{found.sentence} The mean over the range is {mean} from the best."


def _dots(
    entrant: Entrant,
    trials: list[Trial],
    ink: Ink,
    form: str | None,
    heights: list[float | None],
    *,
    strip: bool = False,
) -> dict:
    said = [
        [trial.point, text(_said(entrant, trial)), "" if trial.wider is False else ", added"]
        for trial in trials
    ]
    ending = "%{text}" if strip else f"%{{y:{form or '.4g'}}}"
    symbols = ["circle-open" if trial.point == 0 else "circle" for trial in trials]
    marker = {"size": 9, "color": colour(ink), "symbol": symbols}
    if strip:
        symbols = [SYMBOLS.get(trial.status, "x") for trial in trials]
        marker = {"size": 9, "color": BAD, "symbol": symbols}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [trial.lr for trial in trials],
        "y": heights,
        "text": [text(trial.status) for trial in trials],
        "customdata": said,
        "hovertemplate": ending
        + "<br>%{customdata[1]}<br>point %{customdata[0]}%{customdata[2]}<extra></extra>",
        "marker": marker,
        "legendgroup": entrant.label,
        "showlegend": False,
        "cliponaxis": False,
        **({"yaxis": "y2"} if strip else {}),
    }


def _said(entrant: Entrant, trial: Trial) -> str:
    return roster.settings(replace(entrant, chosen=trial.hypers))


def _ring(trial: Trial, group: str) -> dict:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [trial.lr],
        "y": [trial.score],
        "marker": {"symbol": "circle-open", "size": 17, "color": TEXT, "line": {"width": 2}},
        "legendgroup": group,
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }
