"""A surface with its landmarks and the tracks of rules on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

from thalweg.tasks.surface import Surface
from thalweg.terrain.feature import landmarks
from thalweg.terrain.ground import Domain, survey
from thalweg.terrain.result import Terrain
from thalweg.terrain.track import track


def scenery(
    surface: Surface,
    rules: Sequence[str] | Mapping[str, Mapping[str, Any]] = (),
    *,
    start: tuple[float, float] | None = None,
    steps: int = 200,
    size: int = 201,
    window: Domain | None = None,
) -> Terrain:
    """Survey a surface and send rules over it.

    Args:
        surface: which one.
        rules: names, or rule to hyper-parameters.
        start: where they begin; the surface's own start if None.
        steps: of each track.
        size: points along each side.
        window: what part of the plane; the surface's own if None.

    Returns:
        The terrain.

    Raises:
        ValueError: an unknown rule, or an argument out of its range.
    """
    begin = perf_counter()
    given = rules if isinstance(rules, Mapping) else {rule: {} for rule in rules}
    tracks = [
        track(surface, rule, start=start, hypers=hypers, steps=steps)
        for rule, hypers in given.items()
    ]
    return Terrain(
        title=surface.name,
        kind="surface",
        ground=survey(surface, window, size),
        features=list(landmarks(surface, window)),
        tracks=tracks,
        method="exact, float64",
        seconds=perf_counter() - begin,
        formula=surface.formula,
        notes=[surface.about],
    )
