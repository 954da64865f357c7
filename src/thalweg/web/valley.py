"""The ravine from above, once for each method, with its track."""

from __future__ import annotations

import math

from thalweg.race.valley import Track, Valley
from thalweg.web.colour import Ink, assign
from thalweg.web.figure import FONT, MUTED, PAPER, TOOLS, Chart, colour, finite, text

# From the floor, pale, to the walls; the track must stay what the eye sees first.
GROUND = [
    [0.0, "#fdfcf9|#15181b"],
    [0.3, "#f0efe9|#1b2025"],
    [0.55, "#e0e3e1|#232b31"],
    [0.8, "#ccd5d8|#2d3941"],
    [1.0, "#b4c3ca|#3a4a54"],
]


def small_multiples(valley: Valley) -> list[Chart]:
    """One chart for each track, all of the same valley and the same scale."""
    inks = assign(valley.tracks)
    return [_chart(valley, track, ink) for track, ink in zip(valley.tracks, inks, strict=True)]


def caption(track: Track) -> str:
    """What the track shows, in numbers.

    >>> caption(Track("SGD", "sgd", {}, 1, [0.0, 1.0], [0.0, 1.0], [1.0, 0.2], 1, 0.5, None))
    'Crosses the floor once; after 1 step still 0.50 away.'
    """
    steps = len(track.x) - 1
    times = {0: "Never crosses the floor", 1: "Crosses the floor once"}.get(
        track.crossings, f"Crosses the floor {track.crossings} times"
    )
    if track.arrived is not None:
        return f"{times}; there after {track.arrived} steps."
    return f"{times}; after {steps} step{'' if steps == 1 else 's'} still {track.away:.2f} away."


def _chart(valley: Valley, track: Track, ink: Ink) -> Chart:
    # Rings at equal factors of height: close on the floor, where the tracks differ.
    height = [[round(math.log(value + 0.02), 4) for value in row] for row in valley.height]
    low, high = min(map(min, height)), max(map(max, height))
    still = {"hoverinfo": "skip", "showlegend": False}
    ground = {
        "type": "contour",
        "x": valley.x,
        "y": valley.y,
        "z": height,
        "colorscale": GROUND,
        "showscale": False,
        "line": {"width": 0.7, "color": "#c3cbcd|#3b474f"},
        "contours": {"start": low, "end": high, "size": (high - low) / 14},
        **still,
    }
    path = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": finite(track.x),
        "y": finite(track.y),
        "customdata": [[i, v] for i, v in enumerate(finite(track.loss))],
        "hovertemplate": "step %{customdata[0]}, loss %{customdata[1]:.3g}<extra></extra>",
        "name": text(track.label),
        "showlegend": False,
        "line": {"color": colour(ink), "width": 1.8},
        "marker": {"color": colour(ink), "size": 3.5},
    }
    start = {
        "type": "scatter",
        "mode": "markers",
        "x": track.x[:1],
        "y": track.y[:1],
        "marker": {
            "symbol": "circle",
            "size": 10,
            "color": PAPER,
            "line": {"color": colour(ink), "width": 2.2},
        },
        **still,
    }
    bottom = {
        "type": "scatter",
        "mode": "markers",
        "x": [valley.minimum[0]],
        "y": [valley.minimum[1]],
        "marker": {
            "symbol": "star",
            "size": 14,
            "color": "#24292f|#f4f1ea",
            "line": {"color": PAPER, "width": 1},
        },
        **still,
    }
    plain = {"showgrid": False, "zeroline": False, "tickfont": {"size": 10.5, "color": MUTED}}
    layout = {
        "xaxis": {
            **plain,
            "range": [valley.x[0], valley.x[-1]],
            "constrain": "domain",
            "title": {"text": "weight 1", "font": {"size": 12, "color": MUTED}},
        },
        "yaxis": {
            **plain,
            "range": [valley.y[0], valley.y[-1]],
            "scaleanchor": "x",
            "constrain": "domain",
            "title": {"text": "weight 2", "font": {"size": 12, "color": MUTED}},
        },
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "modebar": TOOLS,
        "font": FONT,
        "margin": {"l": 54, "r": 4, "t": 6, "b": 38},
        "hovermode": "closest",
        "showlegend": False,
        "hoverlabel": {"bgcolor": PAPER, "font": {"size": 12}},
    }
    figure = {"data": [ground, path, start, bottom], "layout": layout}
    return Chart(track.label, caption(track), {"": figure}, 310)
