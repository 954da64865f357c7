"""The ground from above: hill-shaded, with contours, landmarks and everything that walks there."""

from __future__ import annotations

import numpy as np

from thalweg.terrain.feature import Feature
from thalweg.terrain.result import Terrain
from thalweg.web.figure import FONT, MUTED, PAPER, TEXT, TOOLS, colour, finite, text
from thalweg.web.terrain_height import COLOURS, Scale, shade
from thalweg.web.terrain_surface import GLASS, LABELLED, label, rows
from thalweg.web.terrain_walk import Walk, faded, walks

SHADE = [
    [0.0, "rgba(10,25,35,0.55)"],
    [0.5, "rgba(128,128,128,0)"],
    [1.0, "rgba(255,255,255,0.45)|rgba(255,250,235,0.30)"],
]
MARK = "#1d2327|#f4f1ea"


def view(terrain: Terrain, scale: Scale) -> dict:
    """The figure, on one scale."""
    ground = terrain.ground
    drawn = scale(ground.height)
    place = {"x": ground.x.tolist(), "y": ground.y.tolist()}
    still = {"hoverinfo": "skip", "showscale": False}
    data: list[dict] = [
        {
            "type": "heatmap",
            **place,
            "z": rows(drawn),
            "customdata": rows(ground.height),
            "hovertemplate": "%{x:.3g}, %{y:.3g}<br>loss %{customdata:.4g}<extra></extra>",
            "colorscale": COLOURS,
            "zsmooth": "best",
            "showscale": False,
        },
        {
            "type": "heatmap",
            **place,
            "z": rows(shade(ground.x, ground.y, drawn)),
            "zmin": 0,
            "zmax": 1,
            "colorscale": SHADE,
            "zsmooth": "best",
            **still,
        },
        _lines(drawn, place),
    ]
    for walk in walks(terrain):
        data += _walk(walk)
    data += _marks(terrain.features)
    return {"data": data, "layout": _layout(terrain)}


def _lines(drawn: np.ndarray, place: dict) -> dict:
    fine = drawn[np.isfinite(drawn)]
    low, high = (float(fine.min()), float(fine.max())) if len(fine) else (0.0, 1.0)
    return {
        "type": "contour",
        **place,
        "z": rows(drawn),
        "showscale": False,
        "hoverinfo": "skip",
        "contours": {
            "coloring": "none",
            "start": low,
            "end": high,
            "size": ((high - low) or 1.0) / 16,
        },
        "line": {"width": 0.8, "color": "rgba(20,40,50,0.32)|rgba(240,245,240,0.24)"},
    }


def _walk(walk: Walk) -> list[dict]:
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": finite(walk.x),
        "y": finite(walk.y),
        "line": {"color": colour(walk.ink), "width": 2.4},
        "marker": {"color": [faded(walk.ink, out) for out in walk.out], "size": 5},
        "text": walk.said,
        "hovertemplate": "%{text}<extra></extra>",
        "name": text(walk.label),
        "legendgroup": walk.label,
        "showlegend": False,
    }
    ring = {"width": 2.2, "color": colour(walk.ink)}
    start = {
        "type": "scatter",
        "mode": "markers",
        "x": walk.x[:1],
        "y": walk.y[:1],
        "marker": {"symbol": "circle", "size": 10, "color": PAPER, "line": ring},
        "legendgroup": walk.label,
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [line, start]


def _marks(features: list[Feature]) -> list[dict]:
    minima = [one for one in features if one.kind == "minimum"][:LABELLED]
    passes = [one for one in features if one.kind == "pass"][:LABELLED]
    made = []
    for some, symbol, size in ((passes, "x-thin", 7), (minima, "circle", 9)):
        made.append(
            {
                "type": "scatter",
                "mode": "markers+text" if some is minima else "markers",
                "x": [one.x for one in some],
                "y": [one.y for one in some],
                "text": [f"<b>{label(place)}</b>" for place in range(len(some))],
                "textposition": "top center",
                "textfont": {"size": 14, "color": MARK},
                "customdata": [[text(one.words), one.height] for one in some],
                "hovertemplate": "%{customdata[0]}<br>loss %{customdata[1]:.4g}<extra></extra>",
                "marker": {
                    "symbol": symbol,
                    "size": size,
                    "color": MARK,
                    "line": {"width": 1.6, "color": PAPER if some is minima else MARK},
                },
                "cliponaxis": False,
                "showlegend": False,
            }
        )
    return [one for one in made if one["x"]]


def _layout(terrain: Terrain) -> dict:
    ground = terrain.ground
    plain = {
        "showgrid": False,
        "zeroline": False,
        "tickfont": {"size": 11, "color": MUTED},
        "constrain": "domain",
    }
    title = [{"text": text(name), "font": {"size": 12.5, "color": MUTED}} for name in terrain.axes]
    (left, right), (bottom, top) = ground.domain
    # Square cells where both axes are of one kind; a long thin window is stretched instead.
    square = 1 / 3 < (right - left) / (top - bottom) < 3
    return {
        "xaxis": {**plain, "title": title[0], "range": [left, right]},
        "yaxis": {
            **plain,
            "title": title[1],
            "range": [bottom, top],
            **({"scaleanchor": "x"} if square else {}),
        },
        "font": FONT,
        "paper_bgcolor": GLASS,
        "plot_bgcolor": GLASS,
        "margin": {"l": 60, "r": 8, "t": 8, "b": 48},
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": PAPER, "font": {"size": 12.5, "color": TEXT}},
        "showlegend": False,
        "modebar": TOOLS,
    }
