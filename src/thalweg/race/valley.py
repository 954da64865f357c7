"""The same four on a valley that one can look at: why they differ.

The ravine is a hundred times steeper across than along. Its loss is read as a mean over samples:
sample i has the same ravine, moved by a shift c_i, and the shifts add up to nothing. Gradient
descent takes the mean slope; the others see one sample at a time, as on real data, all in the same
order. The learning rates are stated: a valley is for looking at, not for winning.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from thalweg import optim, tasks
from thalweg.race.entry import Entry
from thalweg.schedules import Schedule, ramp

STEPS = 100
NEAR = 0.25
SAMPLES = 16
SHIFT = 0.015
START = (-1.7, 0.2)
GRID = 91

WALKERS = (
    Entry("Gradient descent", "sgd", {"lr": 0.004}, full=True),
    Entry("SGD", "sgd", {"lr": 0.018}),
    Entry("SGD, momentum 0.5 to 0.9", "sgd", {"lr": 0.004, "momentum": ramp(0.5, 0.9, steps=40)}),
    Entry("Adam", "adam", {"lr": 0.3}),
)


@dataclass(frozen=True)
class Track:
    """Where one method went.

    Attributes:
        label: names it.
        rule: the rule's name.
        hypers: its hyper-parameters; a schedule as its `to_dict()`.
        batch: None for all samples at once.
        x: first coordinate, at the start and after every step.
        y: second coordinate.
        loss: mean loss at each of these points.
        crossings: how often the track went from one wall of the valley to the other.
        away: distance from the minimum at the end.
        arrived: step after which the track stays within `NEAR` of the minimum; None if never.
    """

    label: str
    rule: str
    hypers: dict[str, Any]
    batch: int | None
    x: list[float]
    y: list[float]
    loss: list[float]
    crossings: int
    away: float
    arrived: int | None


@dataclass(frozen=True)
class Valley:
    """A surface on a grid, and tracks over it: `height[i][j]` is the loss at `x[j]`, `y[i]`."""

    x: list[float]
    y: list[float]
    height: list[list[float]]
    minimum: tuple[float, float]
    tracks: list[Track]

    def to_dict(self) -> dict[str, Any]:
        """The valley as nested dicts, lists and numbers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Valley:
        """Make a valley of what `to_dict` gave."""
        tracks = [Track(**track) for track in plain["tracks"]]
        return cls(**{**plain, "minimum": tuple(plain["minimum"]), "tracks": tracks})


def walk(seed: int = 0, steps: int = STEPS) -> Valley:
    """Send the four over the ravine.

    Args:
        seed: fixes the samples' shifts and their order, the same for all.
        steps: of each.

    Returns:
        The surface and the tracks.

    Example:
        >>> crawling, zigzag, *_ = walk().tracks
        >>> zigzag.crossings > 5 * crawling.crossings
        True
    """
    surface = tasks.surface("ravine")
    tracks = [_track(walker, seed, steps) for walker in WALKERS]
    x = _span([surface.minima[0].x, *(value for track in tracks for value in track.x)])
    y = _span([surface.minima[0].y, *(value for track in tracks for value in track.y)])
    columns, rows = torch.meshgrid(x, y, indexing="xy")
    return Valley(
        x=x.tolist(),
        y=y.tolist(),
        height=surface.f(columns, rows).tolist(),
        minimum=(surface.minima[0].x, surface.minima[0].y),
        tracks=tracks,
    )


def _span(values: list[float]) -> Tensor:
    """A grid over what is worth seeing: all the values, with a margin."""
    low, high = min(values), max(values)
    margin = 0.12 * (high - low)
    return torch.linspace(low - margin, high + margin, GRID, dtype=torch.float64)


def _track(walker: Entry, seed: int, steps: int) -> Track:
    f = tasks.surface("ravine").f
    shifts, order = _samples(seed, steps)
    point = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = optim.build(walker.found.function, [point], **walker.hypers)
    points = [point.detach().clone()]
    for step in range(steps):
        seen = shifts if walker.full else shifts[order[step]].unsqueeze(0)
        x, y = (point - seen).unbind(-1)
        optimizer.zero_grad()
        f(x, y).mean().backward()
        optimizer.step()
        points.append(point.detach().clone())
    places = torch.stack(points)
    loss = f(*(places.unsqueeze(1) - shifts).unbind(-1)).mean(-1)
    hypers = {k: v.to_dict() if isinstance(v, Schedule) else v for k, v in walker.hypers.items()}
    distance = places.norm(dim=1)
    return Track(
        walker.label,
        walker.called,
        hypers,
        None if walker.full else 1,
        places[:, 0].tolist(),
        places[:, 1].tolist(),
        loss.tolist(),
        _crossings(places),
        float(distance[-1]),
        _arrival(distance),
    )


def _samples(seed: int, steps: int) -> tuple[Tensor, Tensor]:
    """The shifts, (samples, 2), and which sample each step sees: every one once an epoch."""
    generator = torch.Generator().manual_seed(seed)
    shifts = SHIFT * torch.randn(SAMPLES, 2, generator=generator, dtype=torch.float64)
    epochs = -(-steps // SAMPLES)
    order = torch.cat([torch.randperm(SAMPLES, generator=generator) for _ in range(epochs)])
    return shifts - shifts.mean(0), order


def _crossings(places: Tensor) -> int:
    # The floor is the line through the origin at 30 degrees; what stays within a hundredth of it
    # runs along the floor and is on neither wall.
    across = (places[:, 1] * 3**0.5 - places[:, 0]) / 2
    side = torch.sign(across[across.abs() > 0.01])
    return int((side[1:] != side[:-1]).sum())


def _arrival(distance: Tensor) -> int | None:
    far = (distance > NEAR).nonzero()
    arrived = int(far[-1]) + 1 if len(far) else 0
    return arrived if arrived < len(distance) else None
