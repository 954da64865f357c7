"""What walks over a terrain: tracks of rules and paths of training, as one kind of line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thalweg.terrain.result import Terrain
from thalweg.train.number import plain
from thalweg.web.colour import Ink, assign


@dataclass(frozen=True)
class Walk:
    """A line over the ground.

    Attributes:
        label: what to call it.
        ink: its colour.
        x: coordinates.
        y: coordinates.
        loss: true losses; they need not lie on the ground.
        out: how far off the plane, 0 to 1.
        step: numbers of the points.
    """

    label: str
    ink: Ink
    x: list[float]
    y: list[float]
    loss: list[float]
    out: list[float]
    step: list[int]

    @property
    def said(self) -> list[str]:
        """Each point in words."""
        return [
            f"{self.label}, step {step}<br>loss {plain(loss)}"
            + (f"<br>{100 * out:.0f} % out of the plane" if out > 0.005 else "")
            for step, loss, out in zip(self.step, self.loss, self.out, strict=True)
        ]


@dataclass(frozen=True)
class _Runner:
    rule: str
    hypers: Mapping[str, Any]
    batch: int | None = 1


def walks(terrain: Terrain) -> list[Walk]:
    """All that walks there, each in the colour of its rule."""
    runners = [_Runner(one.rule, one.hypers) for one in terrain.tracks]
    runners += [_Runner(one.rule or "adam", {}) for one in terrain.trajectories]
    inks = assign(runners)
    made = [
        Walk(one.rule, ink, one.x, one.y, one.loss, [0.0] * len(one.x), list(range(len(one.x))))
        for one, ink in zip(terrain.tracks, inks, strict=False)
    ]
    return made + [
        Walk(one.label or "path", ink, one.x, one.y, one.loss, one.out, one.step)
        for one, ink in zip(terrain.trajectories, inks[len(made) :], strict=True)
    ]


def faded(ink: Ink, out: float) -> str:
    """A colour that pales the farther a point is out of the plane, for both themes.

    >>> faded(Ink("#000000", "#ffffff"), 1.0)
    'rgba(0,0,0,0.25)|rgba(255,255,255,0.25)'
    """
    share = 1 - 0.75 * min(max(out if math.isfinite(out) else 1.0, 0.0), 1.0)
    parts = [[int(tone[i : i + 2], 16) for i in (1, 3, 5)] for tone in (ink.light, ink.dark)]
    return "|".join(f"rgba({r},{g},{b},{share:.2f})".replace(".00)", ")") for r, g, b in parts)
