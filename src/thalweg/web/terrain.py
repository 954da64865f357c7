"""The page of a terrain: the ground, what stands on it, and how far it can be trusted."""

from __future__ import annotations

import html
from pathlib import Path

from thalweg.terrain.result import Terrain
from thalweg.train import number
from thalweg.web import terrain_line, terrain_map, terrain_surface
from thalweg.web.figure import Chart
from thalweg.web.page import Cell, Markup, Page, element, facts, legend, table
from thalweg.web.terrain_height import scales
from thalweg.web.terrain_walk import walks

FILE = "terrain.html"

KINDS = {
    "random": "two random directions, filter-normalised",
    "pca": "the plane in which training moved most",
    "hessian": "the directions of most and of least curvature",
    "between": "the plane through two solutions",
}

LIMITS = (
    "This is a slice: two directions out of {weights}. A minimum of this slice may fall away in "
    "every other direction, and a barrier may have a way round it.",
    "Widths can be compared between networks only on filter-normalised random directions.",
    "Dips of less than three times the noise are not told from chance.",
)


def page(terrain: Terrain) -> Page:
    """Draw the page."""
    made = Page(terrain.title, "terrain")
    made.add(element("p", lead(terrain), "lead"))
    if terrain.mode or terrain.samples:
        made.add(element("p", conditions(terrain), "note"))
    shown = walks(terrain)
    if shown:
        made.add(legend([(one.label, one.ink) for one in shown]))
    made.add_charts(charts(terrain), together=True)
    if terrain.profiles:
        made.add_charts([terrain_line.chart(terrain.profiles)], "lone")
    _add_features(made, terrain)
    made.add(element("h2", "How it was made"), facts(_facts(terrain)))
    for note in terrain.notes:
        made.add(element("p", _capital(note), "note"))
    if terrain.kind == "slice":
        made.add(element("h2", "What this picture can't tell"))
        items = "".join(
            element("li", one.format(weights=number.count(terrain.weights))) for one in LIMITS
        )
        made.add(Markup(f'<ul class="notes">{items}</ul>'))
    return made


def write(terrain: Terrain, folder: Path) -> Path:
    """Write `terrain.html` into a folder.

    Returns:
        Its path.

    Raises:
        ValueError: it can't be written.
    """
    return page(terrain).write(folder / FILE)


def embedded(terrain: Terrain) -> str:
    """The page within another one, such as a notebook, of which it then knows nothing."""
    inner = html.escape(page(terrain).render(), quote=True)
    return (
        f'<iframe srcdoc="{inner}" width="100%" height="820" '
        'sandbox="allow-scripts allow-downloads" style="border:0" title="terrain"></iframe>'
    )


def charts(terrain: Terrain) -> list[Chart]:
    """The ground in three dimensions and from above, with the same views."""
    found = scales(terrain)
    surface = {name: terrain_surface.view(terrain, scale) for name, scale in found.items()}
    above = {name: terrain_map.view(terrain, scale) for name, scale in found.items()}
    capped = next((s.cap for s in found.values() if s.cap < float("inf")), None)
    cut = f" Ground above {number.plain(capped)} is drawn at that height." if capped else ""
    turned = "Drag to turn, scroll to come nearer." + cut
    stems = " Points pale the farther they are out of the plane." if terrain.trajectories else ""
    return [
        Chart("The ground", turned + _stems(terrain), surface, 560),
        Chart(
            "From above",
            "Sun from the upper left; letters are minima, crosses are passes." + stems,
            above,
            560,
        ),
    ]


def lead(terrain: Terrain) -> str:
    """What is seen, in a sentence or two."""
    minima = [one for one in terrain.features if one.kind == "minimum"]
    if terrain.kind == "surface":
        best = [one for one in minima if one.scope == "global"]
        count = _count(len(minima), "minimum", "minima")
        return f"{terrain.formula}: {count}, {len(best)} of them global."
    said = f"A slice through the loss along {KINDS.get(terrain.directions, 'two directions')}: "
    verb = "stands" if len(minima) == 1 else "stand"
    said += f"{_count(len(minima), 'minimum', 'minima')} of this slice {verb} out of the noise."
    if terrain.centre is not None:
        said += f" Loss at its centre {number.plain(terrain.centre)}."
    return said


def conditions(terrain: Terrain) -> str:
    """Under which conditions the loss was measured: samples, noise, mode."""
    said = (
        f"Mean over {number.count(terrain.samples)} samples, the same at every point; "
        f"standard error {number.plain(terrain.ground.noise)} at the centre; dropout off"
    )
    return said + (f"; {terrain.mode}." if terrain.mode else "; no batch normalisation.")


def _stems(terrain: Terrain) -> str:
    if not terrain.trajectories:
        return ""
    return " The path stands at its true losses; stems lead to points that are out of the plane."


def _add_features(made: Page, terrain: Terrain) -> None:
    if not terrain.features:
        return
    made.section("Minima and passes")
    minima = [one for one in terrain.features if one.kind == "minimum"]
    body = [
        [
            terrain_surface.label(place),
            Cell(_capital(one.words), "words"),
            number.plain(rounded(one.height, terrain)),
            number.plain(one.x),
            number.plain(one.y),
        ]
        for place, one in enumerate(minima[:12])
    ]
    made.add(table(["", "what it is", "loss", "x", "y"], body, narrow=True))
    if len(minima) > 12:
        made.add(element("p", f"And {len(minima) - 12} more, in terrain.json.", "note"))


def _facts(terrain: Terrain) -> list[tuple[str, str]]:
    ground = terrain.ground
    said = [("points", f"{len(ground.x)} × {len(ground.y)}"), ("evaluated", terrain.method)]
    holes = int((ground.height != ground.height).sum())
    if terrain.kind == "slice":
        said += [
            ("trainable weights", number.count(terrain.weights)),
            ("samples", number.count(terrain.samples)),
            ("noise (standard error)", number.plain(ground.noise)),
            ("batch normalisation", terrain.mode or "none in this model"),
            ("holes (loss not finite)", number.count(holes)),
        ]
    return [*said, ("time", number.seconds(terrain.seconds))]


def rounded(height: float, terrain: Terrain) -> float:
    """A height without the dust of rounding errors at the bottom of an exact surface."""
    return 0.0 if abs(height) < 1e-12 * terrain.ground.range else height


def _count(value: int, one: str, many: str) -> str:
    return f"{value} {one if value == 1 else many}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
