"""The parts of a figure: axes, lines and marks, as plain data that plotly.js draws.

A figure is a dictionary `{"data": [...], "layout": {...}}` of plotly's schema, with one addition: a
colour may be a pair `"light|dark"`, of which the page takes the one that its reader's theme needs.
Plain data instead of plotly's Python classes keeps a page's making at milliseconds; the tests hold
every figure against those classes.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.web.colour import Ink

TEXT = "#24292f|#e4e4e0"
MUTED = "#6b7076|#9a9c98"
GRID = "#e8e6e1|#2d3136"
PAPER = "#ffffff|#1b1e22"
FONT = {
    "color": TEXT,
    "size": 13,
    "family": "system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif",
}
TOOLS = {"bgcolor": "rgba(0,0,0,0)", "color": MUTED, "activecolor": TEXT}


@dataclass(frozen=True)
class Chart:
    """A titled picture; more than one view means a switch above it.

    Attributes:
        title: what it shows, a few words.
        caption: how to read it, a sentence or nothing.
        views: the name of each view (of its x axis) and its figure.
        height: in CSS pixels.
    """

    title: str
    caption: str
    views: dict[str, dict]
    height: int = 340


def finite(values: Sequence[float | None]) -> list[float | None]:
    """The values with what JSON and axes can't hold (NaN, infinities) as None: a gap in the line.

    >>> finite([1.0, float("nan"), None])
    [1.0, None, None]
    """
    return [v if v is not None and math.isfinite(v) else None for v in values]


def text(words: str) -> str:
    """Words as plotly's text, in which markup of the user's has no meaning.

    >>> text("<b>a</b>")
    '&lt;b&gt;a&lt;/b&gt;'
    """
    return html.escape(words, quote=False)


def colour(ink: Ink) -> str:
    """An ink as a pair for both themes."""
    return f"{ink.light}|{ink.dark}"


def pale(ink: Ink, share: float = 0.16) -> str:
    """An ink through which others can be seen, as a pair for both themes.

    >>> pale(Ink("#0072B2", "#4A9FDB"))
    'rgba(0,114,178,0.16)|rgba(74,159,219,0.16)'
    """
    parts = [[int(tone[i : i + 2], 16) for i in (1, 3, 5)] for tone in (ink.light, ink.dark)]
    return "|".join(f"rgba({red},{green},{blue},{share})" for red, green, blue in parts)


def line(
    x: Sequence[float],
    y: Sequence[float | None],
    name: str,
    ink: Ink,
    *,
    group: str = "",
    form: str = ".4g",
) -> dict:
    """One curve. `group` ties it to an entry of the page's legend; `form` is how a value reads."""
    return {
        "type": "scatter",
        "mode": "lines" if len(x) > 1 else "markers",
        "x": finite(x),
        "y": finite(y),
        "name": text(name),
        "legendgroup": group,
        "line": {"color": colour(ink), "width": 2.2, "dash": ink.dash},
        "marker": {"color": colour(ink), "size": 7},
        "hovertemplate": f"%{{y:{form}}}",
        "showlegend": False,
    }


def band(
    x: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    ink: Ink,
    *,
    group: str = "",
) -> dict:
    """The area between two curves: one outline for each stretch in which both have a value."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    stretch: list[tuple[float, float, float]] = []
    for place, bottom, top in [*zip(x, finite(low), finite(high), strict=True), (0, None, None)]:
        if bottom is not None and top is not None:
            stretch.append((place, bottom, top))
        elif stretch:
            xs += [*(p for p, _, _ in stretch), *(p for p, _, _ in reversed(stretch)), None]
            ys += [*(b for _, b, _ in stretch), *(t for _, _, t in reversed(stretch)), None]
            stretch = []
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": ys,
        "fill": "toself",
        "fillcolor": pale(ink),
        "line": {"width": 0, "color": colour(ink)},
        "legendgroup": group,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def mark(x: float, y: float, words: str, ink: Ink, *, symbol: str, group: str = "") -> dict:
    """One labelled point, such as the place where a run diverged."""
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [x],
        "y": [y],
        "text": [text(words)],
        "textposition": "top left",
        "textfont": {"color": colour(ink), "size": 12},
        "marker": {
            "symbol": symbol,
            "size": 11,
            "color": colour(ink),
            "line": {"color": PAPER, "width": 1},
        },
        "legendgroup": group,
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }


def axis(
    title: str,
    *,
    log: bool = False,
    decades: float = 1.0,
    zero: bool = False,
    form: str | None = None,
) -> dict:
    """One axis.

    Args:
        title: its label, with the unit.
        log: logarithmic.
        decades: what a logarithmic axis spans.
        zero: begins at zero.
        form: how its ticks read, in d3's format.
    """
    made: dict = {
        "title": {"text": text(title), "font": {"size": 12.5, "color": MUTED}, "standoff": 8},
        "tickfont": {"size": 11.5, "color": MUTED},
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "automargin": True,
    }
    if log and decades < 3:
        made |= {"type": "log", "dtick": "D2", "tickformat": "~g"}
    elif log:
        made |= {"type": "log", "exponentformat": "power", "minexponent": 4}
    elif zero:
        made["rangemode"] = "tozero"
    if form is not None:
        made["tickformat"] = form
    return made


def figure(data: list[dict], x: dict, y: dict, **layout: object) -> dict:
    """The curves `data` on the axes `x` and `y`."""
    return {
        "data": data,
        "layout": {
            "xaxis": x,
            "yaxis": y,
            "font": FONT,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 8, "r": 12, "t": 14, "b": 8},
            "hovermode": "x unified",
            "hoverlabel": {
                "bgcolor": PAPER,
                "bordercolor": GRID,
                "font": {"color": TEXT, "size": 12.5},
            },
            "showlegend": False,
            "modebar": TOOLS,
            **layout,
        },
    }
