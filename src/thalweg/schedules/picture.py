"""The picture of a schedule, drawn before the run."""
# pyright: standard

from __future__ import annotations

import html
import math
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from thalweg.schedules.schedule import Schedule

BLUE, ORANGE, INK, GRID = "#0072B2", "#D55E00", "#444444", "#ECECEC"
POINTS = 2000  # more than a screen has columns


def draw(schedule: Schedule, steps: int | None, steps_per_epoch: float | None) -> Figure:
    """Draw `schedule` over `steps` steps; with `hold`, what it does to lr as well."""
    try:
        import plotly.graph_objects as go  # it has no types: hence not "strict" here
    except ImportError:
        message = "schedule.plot needs plotly, which is not installed: pip install 'thalweg[lab]'"
        raise ImportError(message) from None
    in_epochs = schedule.unit == "epochs"
    per_epoch = (steps_per_epoch or POINTS) if in_epochs else 1
    end = schedule.length * per_epoch if schedule.length < math.inf else 1000
    last = math.ceil(end if steps is None else steps)
    # whole steps only, so that a corner is drawn where the run will meet it
    at = sorted({round(i * last / POINTS) for i in range(POINTS + 1)})
    time = [step / per_epoch for step in at]
    values = [schedule.at(step, per_epoch) for step in at]
    figure = go.Figure(layout=_layout(schedule, steps_per_epoch))
    lines = [(values, "momentum" if schedule.hold else "value", BLUE, "solid")]
    if schedule.hold:
        held = "lr is multiplied by (1 − momentum) / (1 − first momentum)"
        factors = [schedule.lr_factor(step, per_epoch) for step in at]
        lines.append((factors, held, ORANGE, "dash"))
    for heights, name, colour, dash in lines:
        line = {"color": colour, "width": 2.5, "dash": dash, "simplify": False}
        figure.add_scatter(x=time, y=heights, name=name, mode="lines", line=line)
    figure.update_layout(showlegend=len(lines) > 1)
    return figure


def _layout(schedule: Schedule, steps_per_epoch: float | None) -> dict[str, object]:
    axis = {"showline": True, "linecolor": INK, "ticks": "outside", "tickcolor": INK}
    axis |= {"gridcolor": GRID, "zeroline": False, "rangemode": "tozero", "ticklabelstandoff": 6}
    x = "steps already taken"
    if schedule.unit == "epochs":
        x = f"epochs of {steps_per_epoch:g} steps" if steps_per_epoch else "epochs"
    code = "<br>".join(textwrap.wrap(html.escape(repr(schedule)), 84)[:2])
    return {
        "title": {"text": code, "font": {"size": 15, "family": "monospace"}, "x": 0.02},
        "template": "plotly_white",
        "font": {"family": "Helvetica, Arial, sans-serif", "size": 14, "color": INK},
        "xaxis": axis | {"title": x, "showgrid": False},
        "yaxis": axis | {"title": "value", "showline": False, "ticks": ""},
        "hovermode": "x unified",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "margin": {"l": 70, "r": 30, "t": 90, "b": 60},
    }
