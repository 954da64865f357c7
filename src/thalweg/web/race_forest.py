"""Forest plots of a race: every score seed by seed, every difference with its interval."""

from __future__ import annotations

from thalweg.race.result import Pair, Result, Span
from thalweg.train.number import FRACTIONS
from thalweg.web.colour import Ink
from thalweg.web.figure import (
    GRID,
    MUTED,
    PAPER,
    TEXT,
    Chart,
    axis,
    colour,
    figure,
    finite,
    pale,
    text,
)
from thalweg.web.roster import Seat
from thalweg.web.span import known

GREY = Ink(*MUTED.split("|"))
ROW = 52  # pixels for each line of a forest plot
MOST = 12  # pairs that a chart holds


def forest(result: Result, seats: list[Seat], height: int) -> Chart | None:
    """Every final run as a dot, their mean and its interval; None before there are any."""
    data, labels = [], []
    form = ".2%" if result.metric in FRACTIONS else ".4g"
    for row, (entrant, ink) in enumerate(seats):
        runs = [(final.seed, final.test) for final in entrant.finals if known(final.test)]
        lost = len(entrant.finals) - len(runs)
        said = f": {lost} of {len(entrant.finals)} runs have no score" if lost else ""
        labels.append(_label(row, entrant.label + said))
        if not runs and not known(entrant.test.value):
            continue
        # A little apart, in the order of seeds, so that equal scores stay countable.
        heights = [row + 0.16 * ((i * 0.618) % 1 - 0.5) for i in range(len(runs))]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [score for _, score in runs],
                "y": heights,
                "customdata": [seed for seed, _ in runs],
                "hovertemplate": f"seed %{{customdata}}: %{{x:{form}}}<extra></extra>",
                "marker": {"size": 8, "color": pale(ink, 0.5), "line": {"width": 0}},
                "legendgroup": entrant.label,
                "showlegend": False,
            }
        )
        data += _estimate(row + 0.27, entrant.test, ink, entrant.label, form)
    if not data:
        return None
    title = axis(f"test {result.metric}", form=".1~%" if result.metric in FRACTIONS else None)
    caption = "A dot for each seed; below them the mean and its 95 % interval."
    return Chart(
        f"Test {result.metric}, seed by seed",
        caption,
        {"": _rows(data, labels, title, len(seats))},
        height,
    )


def differences(result: Result, seats: list[Seat], pairs: list[Pair], height: int) -> Chart | None:
    """The difference of every two with its interval; None before there are any."""
    found = {entrant.key: (entrant, ink) for entrant, ink in seats}
    drawn = [pair for pair in pairs if known(pair.difference.value)][:MOST]
    if not drawn:
        return None
    scale, unit = (100, ", percentage points") if result.metric in FRACTIONS else (1, "")
    data, labels = [], []
    for row, pair in enumerate(drawn):
        (a, first), (b, second) = found[pair.a], found[pair.b]
        ink = {"a": first, "b": second}.get(pair.verdict, GREY)
        said = f"{a.label} − {b.label}" + {"tie": " (tie)", "withheld": " (no verdict)"}.get(
            pair.verdict, ""
        )
        labels.append(_label(row, said))
        d = pair.difference
        scaled = Span(scale * d.value, scale * d.low, scale * d.high)
        data += _estimate(row + 0.12, scaled, ink, "", "+.3g")
    side = "right" if result.higher else "left"
    caption = f"On the same seeds; {side} of zero the first is better. Grey: no verdict for either."
    left_out = len(pairs) - len(drawn)
    if left_out:
        caption += f" The other {left_out} pairs are in the table."
    made = _rows(data, labels, axis(f"difference in test {result.metric}{unit}"), len(drawn))
    ends = [v for p in drawn for v in (p.difference.low, p.difference.high, p.difference.value)]
    low, high = (scale * end(v for v in [0.0, *ends] if known(v)) for end in (min, max))
    margin = 0.06 * (high - low) or 1.0
    zero = {"zeroline": True, "zerolinecolor": MUTED, "zerolinewidth": 1.4}
    made["layout"]["xaxis"] |= zero | {"range": [low - margin, high + margin]}
    return Chart("Differences, pair by pair", caption, {"": made}, height)


def tall(rows: int) -> int:
    """The height of a forest plot of so many rows."""
    return 62 + ROW * rows


def _estimate(row: float, span: Span, ink: Ink, group: str, form: str) -> list[dict]:
    """A bar for the interval and a diamond for the estimate."""
    if not known(span.value):
        return []
    shared = {"legendgroup": group, "showlegend": False, "type": "scatter"}
    said = f"%{{x:{form}}}"
    made = []
    if known(span.low) and known(span.high):
        said += f" (95 % interval %{{customdata[0]:{form}}} to %{{customdata[1]:{form}}})"
        made.append(
            {
                "mode": "lines",
                "x": [span.low, span.high],
                "y": [row, row],
                "line": {"color": colour(ink), "width": 4},
                "hoverinfo": "skip",
                **shared,
            }
        )
    made.append(
        {
            "mode": "markers",
            "x": [span.value],
            "y": [row],
            "customdata": [finite([span.low, span.high])],
            "hovertemplate": said + "<extra></extra>",
            "marker": {
                "symbol": "diamond",
                "size": 11,
                "color": colour(ink),
                "line": {"color": PAPER, "width": 1.5},
            },
            **shared,
        }
    )
    return made


def _label(row: int, said: str) -> dict:
    """A row's name, above it: beside it, it would take half of a narrow screen."""
    return {
        "text": text(said),
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": row - 0.28,
        "yanchor": "middle",
        "showarrow": False,
        "font": {"size": 12.5, "color": TEXT},
    }


def _rows(data: list[dict], labels: list[dict], across: dict, rows: int) -> dict:
    upright = axis("") | {
        "range": [rows - 0.45, -0.6],
        "showticklabels": False,
        "showgrid": False,
        "fixedrange": True,
    }
    ground = [
        {
            "type": "rect",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": row - 0.45,
            "y1": row - 0.45,
            "layer": "below",
            "line": {"color": GRID, "width": 1},
        }
        for row in range(1, rows)
    ]
    made = figure(data, across, upright, hovermode="closest", annotations=labels)
    made["layout"]["shapes"] = ground
    made["layout"]["margin"] = {"l": 4, "r": 14, "t": 8, "b": 8}
    return made
