"""The loss along the line between two solutions, on training and validation data."""

from __future__ import annotations

from thalweg.terrain.barrier import Profile
from thalweg.train.number import plain
from thalweg.web.colour import BLUE, VERMILION, Ink
from thalweg.web.figure import GRID, MUTED, Chart, axis, band, figure, line

GLASS = "rgba(0,0,0,0)"
INKS = {"train": VERMILION, "validation": BLUE}


def chart(profiles: list[Profile]) -> Chart:
    """One picture of all profiles."""
    data: list[dict] = []
    for one in profiles:
        ink = INKS.get(one.part, Ink("#3A3A3A", "#D4D4D4"))
        low = [loss - 2 * noise for loss, noise in zip(one.loss, one.noise, strict=True)]
        high = [loss + 2 * noise for loss, noise in zip(one.loss, one.noise, strict=True)]
        data += [
            band(one.alpha, low, high, ink),
            {**line(one.alpha, one.loss, one.part, ink), "showlegend": True},
        ]
    ends = [
        {
            "type": "line",
            "x0": place,
            "x1": place,
            "y0": 0,
            "y1": 1,
            "yref": "paper",
            "line": {"color": GRID, "width": 1.5},
        }
        for place in (0, 1)
    ]
    words = [
        {
            "x": place,
            "y": 1,
            "yref": "paper",
            "text": said,
            "showarrow": False,
            "xanchor": "left",
            "yanchor": "top",
            "xshift": 5,
            "font": {"size": 12, "color": MUTED},
        }
        for place, said in ((0, "first solution"), (1, "second solution"))
    ]
    drawn = figure(
        data,
        axis("place on the line, 0 to 1 from one solution to the other"),
        axis("loss", log=_steep(profiles)),
        showlegend=True,
        legend={"x": 0.5, "xanchor": "center", "y": 0.04, "orientation": "h", "bgcolor": GLASS},
        shapes=ends,
        annotations=words,
    )
    return Chart("Between the solutions", " ".join(map(sentence, profiles)), {"": drawn}, 360)


def sentence(one: Profile) -> str:
    """What a profile says.

    >>> line = Profile("train", [0, 0.5, 1], [1, 3, 1], [0, 0, 0], 2.0, 1.5, 2.5, 0.5)
    >>> sentence(line)
    'On train data a barrier of 2 (1.5 to 2.5) at 0.50.'
    """
    if one.barrier != one.barrier:
        return f"On {one.part} data no barrier can be told: the loss is not finite."
    span = f"{plain(one.barrier)} ({plain(one.low)} to {plain(one.high)})"
    if one.is_barrier:
        return f"On {one.part} data a barrier of {span} at {one.at:.2f}."
    return f"On {one.part} data no barrier: {span}."


def _steep(profiles: list[Profile]) -> bool:
    losses = [loss for one in profiles for loss in one.loss if loss > 0 and loss < float("inf")]
    return bool(losses) and max(losses) > 50 * min(losses)
