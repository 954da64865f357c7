"""Features: minima and passes of a ground, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from thalweg.tasks.surface import Surface
from thalweg.terrain.ground import Domain, Ground, domain_of, function_of, survey
from thalweg.terrain.persistence import Cell, Hollows, hollows
from thalweg.terrain.polish import Function, cross, descend, fit

FINE = 401
"""Cells along each side of the grid on which a surface's minima are looked for."""
SAME = 1e-5
"""Points nearer than this share of the window are one."""
EDGE = "edge: lower ground may lie outside"


@dataclass(frozen=True)
class Feature:
    """A minimum, or the pass that leads out of one.

    Attributes:
        kind: "minimum" or "pass".
        x: first coordinate.
        y: second coordinate.
        height: there.
        words: what it is.
        scope: of a minimum: "global" where nothing on this ground is lower, otherwise "local".
        rise: of a minimum: how far up its pass to deeper ground lies; None if there is none.
        climb: of a minimum: how far up the lowest way to a global one leads; None if there is
            none, or it is global itself.
        via: of a minimum: the place of its pass in the list; None if there is none.
        edge: it lies on the border or beside a hole.
        exact: polished to where the ground is level; otherwise its cell of the grid.
        basin: of a minimum: its number in `Hollows.basin`, where it was not polished with
            the function; else None.
    """

    kind: Literal["minimum", "pass"]
    x: float
    y: float
    height: float
    words: str = ""
    scope: Literal["global", "local"] | None = None
    rise: float | None = None
    climb: float | None = None
    via: int | None = None
    edge: bool = False
    exact: bool = False
    basin: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, as JSON has them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Feature:
        """Make a feature of what `to_dict` gave."""
        return cls(**plain)


@dataclass(frozen=True)
class _Valley:
    """A minimum, the pass to deeper ground, and the place of the valley that it leads to."""

    minimum: Feature
    over: Feature | None
    deeper: int | None


def landmarks(
    surface: Surface | Callable[[Tensor, Tensor], Tensor],
    domain: Domain | None = None,
    size: int | tuple[int, int] = FINE,
) -> tuple[Feature, ...]:
    """Minima and passes of a surface, to the last digits.

    Args:
        surface: one of `thalweg.tasks.surfaces()`, or a function of x and y.
        domain: where to look; a surface has its own.
        size: cells along each side of the grid that it is looked for on; valleys narrower than
            two cells may be missed.

    Returns:
        The minima, deepest first, then the passes between them.

    Raises:
        ValueError: no domain, or one that is empty.

    Example:
        >>> from thalweg.tasks import surface
        >>> for one in landmarks(surface("two-valleys")):
        ...     print(f"{one.x:.3f} {one.y:.3f} {one.words}")
        0.991 0.497 global minimum
        -0.909 0.000 local minimum; 0.619 up over the pass to the global one
        0.481 0.352 pass
    """
    return features(survey(surface, domain_of(surface, domain), size), function_of(surface))


def features(
    ground: Ground,
    f: Function | None = None,
    *,
    least: float | None = None,
    of: Literal["surface", "slice"] | None = None,
) -> tuple[Feature, ...]:
    """Minima and passes of a ground.

    Args:
        ground: heights on a grid.
        f: the height as a function of x and y, to polish with, so that even the shallowest dip
            can be told from a chance of the grid; without it each is polished by its nine cells.
        least: hollows of this persistence or less do not count; by default none that is exact
            is too shallow with `f`, and without it see `hollows`.
        of: how minima are spoken of; "slice" without `f`, for there may be lower ground in every
            other direction.

    Returns:
        The minima, deepest first, then the passes between them.

    Example:
        >>> x = np.linspace(-2, 2, 41)
        >>> ground = Ground(x, x, (x**4 - 2 * x**2 + 0.3 * x) + x[:, None] ** 2)
        >>> [one.words for one in features(ground)]
        ['lowest minimum of this slice',
         'minimum of this slice; 0.718 up over the pass to the lowest one', 'pass']
    """
    of = of or ("slice" if f is None else "surface")
    if f is None:
        valleys = _by_fit(ground, hollows(ground, least))
    else:
        valleys = _by_descent(ground, f, hollows(ground, 0.0 if least is None else least))
    return _told(valleys, max(3 * ground.noise, 1e-9 * ground.range), _span(ground), of)


def _by_fit(ground: Ground, found: Hollows) -> list[_Valley]:
    """Each hollow and its pass at their cells, or between nine cells where these agree."""
    valleys: list[_Valley] = []
    for place, one in enumerate(found):
        minimum = replace(_at(ground, one.cell, "minimum"), edge=one.edge, basin=place)
        over = None if one.pass_cell is None else _at(ground, one.pass_cell, "pass")
        valleys.append(_Valley(minimum, over, one.parent))
    return valleys


def _at(ground: Ground, cell: Cell, kind: Literal["minimum", "pass"]) -> Feature:
    row, column = cell
    near, wanted = fit(ground, cell), "saddle" if kind == "pass" else "minimum"
    if near is not None and near.kind == wanted:
        return Feature(kind, near.x, near.y, near.height, exact=True)
    here = float(ground.x[column]), float(ground.y[row]), float(ground.height[cell])
    border = not (0 < row < len(ground.y) - 1 and 0 < column < len(ground.x) - 1)
    return Feature(kind, *here, edge=border)


def _by_descent(ground: Ground, f: Function, found: Hollows) -> list[_Valley]:
    """Where water from each hollow really ends, and the pass of the one that lasts longest.

    A grid cuts a narrow valley that runs askew into a row of hollows. All but one are chances of
    the grid: from each of them the ground goes on down to the same point.
    """
    reach = 2 * _cell(ground)
    ends = descend(f, _places(ground, [one.cell for one in found]), reach, ground.domain)
    groups = _groups(ground, found, ends)
    place_of = {member: place for place, group in enumerate(groups) for member in group}
    ways = [_way_out(found, group[0], place_of) for group in groups]
    over = _passes(ground, f, [way[0] for way in ways if way], reach)
    valleys: list[_Valley] = []
    for group, way in zip(groups, ways, strict=True):
        # The first was born deepest, and so outlasts the others of its group.
        x, y = ends[group[0]].tolist()
        if _inside(ground, x, y):
            minimum = Feature("minimum", x, y, _height(f, x, y), exact=True)
        else:
            minimum = replace(_at(ground, found[group[0]].cell, "minimum"), edge=True)
        passed, deeper = (over.pop(0), way[1]) if way else (None, None)
        valleys.append(_Valley(minimum, passed, deeper))
    return valleys


def _groups(ground: Ground, found: Hollows, ends: Tensor) -> list[list[int]]:
    """Hollows that end at one point, deepest first.

    Those whose ground goes on down beyond the border count if they lie on it: one for each place
    where a valley leaves, though a valley along the border is cut into many.
    """
    groups: list[list[int]] = []
    known: list[tuple[float, float]] = []
    for place, (x, y) in enumerate(ends.tolist()):
        inside, near = _inside(ground, x, y), SAME * _span(ground)
        if not inside:
            one = found[place]
            if not one.edge or one.persistence <= max(3 * ground.noise, 1e-6 * ground.range):
                continue
            (x, y), near = _places(ground, [one.cell])[0].tolist(), 4 * _cell(ground)
        beside = (i for i, (a, b) in enumerate(known) if math.hypot(x - a, y - b) <= near)
        same = next(beside, None)
        if same is None:
            groups.append([place])
            known.append((x, y))
        else:
            groups[same].append(place)
    return groups


def _cell(ground: Ground) -> float:
    return max(float(np.diff(ground.x).max()), float(np.diff(ground.y).max()))


def _span(ground: Ground) -> float:
    return max(high - low for low, high in ground.domain)


def _way_out(found: Hollows, place: int, place_of: dict[int, int]) -> tuple[Cell, int] | None:
    """The highest cell on the lowest way to deeper ground, and to which group that way leads."""
    mine, top, cell = place_of[place], -math.inf, (0, 0)
    while True:
        one = found[place]
        if one.parent is None or one.pass_cell is None:
            return None
        if one.pass_height > top:
            top, cell = one.pass_height, one.pass_cell
        place = one.parent
        if place_of.get(place, mine) != mine:
            return cell, place_of[place]


def _passes(ground: Ground, f: Function, cells: list[Cell], reach: float) -> list[Feature]:
    """The passes at these cells, each moved to where the ground is level."""
    points, kinds = cross(f, _places(ground, cells), 2 * reach)
    found: list[Feature] = []
    for cell, (x, y), kind in zip(cells, points.tolist(), kinds, strict=True):
        if kind in ("saddle", "flat") and _inside(ground, x, y):
            found.append(Feature("pass", x, y, _height(f, x, y), exact=True))
        else:
            found.append(replace(_at(ground, cell, "pass"), exact=False))
    return found


def _told(
    valleys: list[_Valley], tie: float, span: float, of: Literal["surface", "slice"]
) -> tuple[Feature, ...]:
    """All features with their scope, climbs and words."""
    if not valleys:
        return ()
    valleys, passes = _joined(valleys, span)
    lowest = min(one.minimum.height for one in valleys)
    scopes = [one.minimum.height - lowest <= tie for one in valleys]
    minima: list[Feature] = []
    for place, (one, low) in enumerate(zip(valleys, scopes, strict=True)):
        climb = None if low else _climb(valleys, scopes, place)
        rise = None if one.over is None else max(one.over.height - one.minimum.height, 0.0)
        minima.append(
            replace(
                one.minimum,
                scope="global" if low else "local",
                rise=rise,
                climb=climb,
                via=None if one.over is None else len(valleys) + passes.index(one.over),
                words=_words(one.minimum, rise, climb, scopes if low else None, of),
            )
        )
    at = "pass at the edge: a lower one may lie outside"
    return (*minima, *(replace(one, words=at if one.edge else "pass") for one in passes))


def _joined(valleys: list[_Valley], span: float) -> tuple[list[_Valley], list[Feature]]:
    """The valleys deepest first, and passes that are one point, as on a monkey saddle, as one."""
    order = sorted(range(len(valleys)), key=lambda place: valleys[place].minimum.height)
    new = {old: place for place, old in enumerate(order)}
    passes: list[Feature] = []
    found: list[_Valley] = []
    for one in (valleys[old] for old in order):
        over = one.over
        if over is not None:
            near = (p for p in passes if math.hypot(p.x - over.x, p.y - over.y) < SAME * span)
            same = next(near, None)
            passes += [over] if same is None else []
            over = same or over
        found.append(_Valley(one.minimum, over, None if one.deeper is None else new[one.deeper]))
    return found, passes


def _climb(valleys: list[_Valley], lowest: list[bool], place: int) -> float | None:
    """How far up the lowest way to a global minimum leads; None if there is no way."""
    start, top = valleys[place].minimum.height, -math.inf
    while not lowest[place]:
        over, deeper = valleys[place].over, valleys[place].deeper
        if over is None or deeper is None:
            return None
        top, place = max(top, over.height), deeper
    return max(top - start, 0.0)


def _words(
    one: Feature,
    rise: float | None,
    climb: float | None,
    lowest: list[bool] | None,
    of: Literal["surface", "slice"],
) -> str:
    deepest, other, goal = {
        "surface": ("global minimum", "local minimum", "the global one"),
        "slice": ("lowest minimum of this slice", "minimum of this slice", "the lowest one"),
    }[of]
    if lowest is not None:
        many = sum(lowest)
        plural = deepest.replace("minimum", "minima")
        said = deepest if many == 1 else f"one of {many} {plural}"
    elif rise is None:
        said = f"{other}; no way to deeper ground within the window"
    elif climb is None or climb <= rise * (1 + 1e-9):
        there = "deeper ground" if climb is None else goal
        said = f"{other}; {rise:.3g} up over the pass to {there}"
    else:
        said = f"{other}; {rise:.3g} up over the pass to deeper ground, {climb:.3g} to {goal}"
    return f"{said}; {EDGE}" if one.edge else said


def _places(ground: Ground, cells: list[Cell]) -> Tensor:
    points = [(ground.x[column], ground.y[row]) for row, column in cells]
    return torch.tensor(points, dtype=torch.float64).reshape(-1, 2)


def _inside(ground: Ground, x: float, y: float) -> bool:
    (left, right), (low, high) = ground.domain
    return left < x < right and low < y < high


def _height(f: Function, x: float, y: float) -> float:
    return float(f(*torch.tensor([x, y], dtype=torch.float64)))
