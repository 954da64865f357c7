"""The ground in three dimensions, lit from the side, with its contours on the floor below."""

from __future__ import annotations

import numpy as np

from thalweg.terrain.feature import Feature
from thalweg.terrain.result import Terrain
from thalweg.web.figure import FONT, MUTED, PAPER, TEXT, TOOLS, colour, finite, text
from thalweg.web.terrain_height import COLOURS, Floats, Scale, at
from thalweg.web.terrain_walk import Walk, faded, walks

LABELLED = 6
"""Minima with words at them; the table has all."""

LIGHT = {"ambient": 0.62, "diffuse": 0.75, "specular": 0.06, "roughness": 0.9, "fresnel": 0.05}
GLASS = "rgba(0,0,0,0)"
STEM = "#6d7a80|#aab3b2"

OUT = 0.01
"""Points less than this out of the plane stand on it."""


def view(terrain: Terrain, scale: Scale) -> dict:
    """The figure, on one scale."""
    ground = terrain.ground
    drawn = scale(ground.height)
    low, high = _ends(drawn)
    floor = low - 0.32 * (high - low)
    data = [_ground(terrain, scale, drawn, low, high)]
    for walk in walks(terrain):
        data += _walk(walk, scale, ground.x, ground.y, drawn, high)
    data += _marks(terrain.features, scale, high - low)
    return {"data": data, "layout": _layout(terrain, scale, (floor, high + 0.06 * (high - low)))}


def _ground(terrain: Terrain, scale: Scale, drawn: Floats, low: float, high: float) -> dict:
    lines = {
        "show": True,
        "start": low,
        "end": high,
        "size": (high - low) / 16,
        "width": 1,
        "color": "#8fa6a6|#4c6a70",
        "highlight": False,
        "project": {"z": True},
    }
    return {
        "type": "surface",
        "x": terrain.ground.x.tolist(),
        "y": terrain.ground.y.tolist(),
        "z": rows(drawn),
        "customdata": rows(terrain.ground.height),
        "hovertemplate": "%{x:.3g}, %{y:.3g}<br>loss %{customdata:.4g}<extra></extra>",
        "colorscale": COLOURS,
        "cmin": low,
        "cmax": high,
        "showscale": False,
        "lighting": LIGHT,
        "lightposition": {"x": -4000, "y": 6000, "z": 9000},
        "contours": {"z": lines, "x": {"highlight": False}, "y": {"highlight": False}},
        "connectgaps": False,
    }


def _walk(walk: Walk, scale: Scale, x: Floats, y: Floats, drawn: Floats, high: float) -> list[dict]:
    """The line at its true losses, and a stem from each point that is out of the plane."""
    inside = [
        x[0] <= a <= x[-1] and y[0] <= b <= y[-1] for a, b in zip(walk.x, walk.y, strict=True)
    ]
    heights = [
        float(scale(loss)) if here else np.nan for loss, here in zip(walk.loss, inside, strict=True)
    ]
    shades = [faded(walk.ink, out) for out in walk.out]
    # A hair above the ground, or the surface swallows half of the line's width.
    lift = 0.006 * (high - float(np.nanmin(drawn)))
    path = {
        "type": "scatter3d",
        "mode": "lines+markers",
        "x": finite(walk.x),
        "y": finite(walk.y),
        "z": finite([height + lift for height in heights]),
        "line": {"color": colour(walk.ink), "width": 5},
        "marker": {"color": shades, "size": 3.2, "line": {"width": 0}},
        "text": [text(one) if "<" not in one else one for one in walk.said],
        "hovertemplate": "%{text}<extra></extra>",
        "name": text(walk.label),
        "legendgroup": walk.label,
        "showlegend": False,
    }
    return [*_grounded(walk, x, y, drawn, heights, lift), path]


def _grounded(
    walk: Walk, x: Floats, y: Floats, drawn: Floats, heights: list[float], lift: float
) -> list[dict]:
    """The shadow of a line on the ground, and a stem from it to each point out of the plane."""
    below = [at(x, y, drawn, place) for place in zip(walk.x, walk.y, strict=True)]
    shadow = {"x": finite(walk.x), "y": finite(walk.y)}
    shadow["z"] = [None if low is None else low + lift for low in below]
    stems: dict[str, list] = {"x": [], "y": [], "z": []}
    points = zip(walk.x, walk.y, below, heights, walk.out, strict=True)
    for a, b, low, height, out in points:
        if out > OUT and low is not None and np.isfinite(height):
            for name, pair in (("x", [a, a]), ("y", [b, b]), ("z", [low, height])):
                stems[name] += [*pair, None]
    if not stems["x"]:
        return []
    still = {"type": "scatter3d", "mode": "lines", "hoverinfo": "skip", "showlegend": False}
    # Opaque: plotly adds up what shines through, and ten stems would glow.
    return [
        {**still, **places, "line": {"color": tone, "width": width}, "legendgroup": walk.label}
        for places, tone, width in ((stems, STEM, 1.5), (shadow, STEM, 2.5))
    ]


def _marks(features: list[Feature], scale: Scale, span: float) -> list[dict]:
    shown = [one for one in features if one.kind == "minimum"][:LABELLED]
    passes = [one for one in features if one.kind == "pass"][:LABELLED]
    return [
        _points(some, scale, span, symbol, size)
        for some, symbol, size in ((shown, "circle", 5.5), (passes, "diamond", 3.5))
        if some
    ]


def _points(some: list[Feature], scale: Scale, span: float, symbol: str, size: float) -> dict:
    return {
        "type": "scatter3d",
        "mode": "markers+text" if symbol == "circle" else "markers",
        "x": [one.x for one in some],
        "y": [one.y for one in some],
        "z": finite([float(scale(one.height)) + 0.02 * span for one in some]),
        "text": [label(place) for place in range(len(some))] if symbol == "circle" else None,
        "textposition": "top center",
        "textfont": {"size": 13, "color": TEXT},
        "customdata": [[text(one.words), one.height] for one in some],
        "hovertemplate": "%{customdata[0]}<br>loss %{customdata[1]:.4g}<extra></extra>",
        "marker": {
            "symbol": symbol,
            "size": size,
            "color": "#1d2327|#f4f1ea",
            "line": {"width": 1.5, "color": PAPER},
        },
        "showlegend": False,
    }


def label(place: int) -> str:
    """How a minimum is called in pictures and in the table: A is the lowest.

    >>> label(0), label(27)
    ('A', 'AB')
    """
    head, tail = divmod(place, 26)
    return (chr(64 + head) if head else "") + chr(65 + tail)


def rows(values: Floats) -> list[list[float | None]]:
    """A grid in five digits, as JSON has it: a hole is None."""
    return [[None if v != v else float(f"{v:.5g}") for v in row] for row in values.tolist()]


def _ends(drawn: Floats) -> tuple[float, float]:
    fine = drawn[np.isfinite(drawn)]
    if not len(fine):
        return 0.0, 1.0
    low, high = float(fine.min()), float(fine.max())
    return (low, high) if high > low else (low, low + 1.0)


def _layout(terrain: Terrain, scale: Scale, span: tuple[float, float]) -> dict:
    def axis(title: str, **more: object) -> dict:
        return {
            "title": {"text": text(title), "font": {"size": 12, "color": MUTED}},
            "tickfont": {"size": 10.5, "color": MUTED},
            "showbackground": False,
            "gridcolor": "#e6e6e2|#2b3035",
            "linecolor": "#cfd2d0|#3a4046",
            "zeroline": False,
            "showspikes": False,
            "nticks": 6,
            **more,
        }

    x, y = terrain.axes
    return {
        "scene": {
            "xaxis": axis(x),
            "yaxis": axis(y),
            "zaxis": axis(scale.title, range=list(span), showgrid=False),
            "aspectmode": "manual",
            "aspectratio": {"x": 1.25, "y": 1.25, "z": 0.72},
            "camera": {
                "eye": {"x": -1.15, "y": -1.55, "z": 1.05},
                "center": {"x": 0, "y": 0, "z": -0.16},
            },
            "dragmode": "turntable",
        },
        "font": FONT,
        "paper_bgcolor": GLASS,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "hoverlabel": {"bgcolor": PAPER, "font": {"size": 12.5, "color": TEXT}},
        "showlegend": False,
        "modebar": TOOLS,
        "uirevision": "view",
    }
