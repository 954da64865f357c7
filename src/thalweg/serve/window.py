"""A slice through a network's loss, as the page draws it, from the `terrain.json` of a run."""

from __future__ import annotations

import json
from typing import Any

from thalweg.terrain.feature import Feature
from thalweg.terrain.result import Terrain
from thalweg.train import number

_ODD = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError, RecursionError)


def read(text: bytes, source: str) -> dict[str, Any]:
    """What a `terrain.json` shows.

    Args:
        text: its bytes; whoever wrote them, they are data and nothing else.
        source: the run's name, for the error line.

    Returns:
        Plain data, as the page draws it.

    Raises:
        ValueError: it is damaged, or of another format.
    """
    try:
        return shown(Terrain.from_dict(json.loads(text), source=source), source)
    except _ODD as error:
        said = str(error)
        if not said.startswith(source):  # what Python says of odd data, not what a reader can use
            said = f"{source}: damaged terrain ({type(error).__name__}); make it again"
        raise ValueError(said) from error


def shown(terrain: Terrain, name: str) -> dict[str, Any]:
    """A terrain as the page draws it: ground, features, words, and the path of the training."""
    paths = [
        [
            {"x": x, "y": y, "loss": loss, "out": out, "step": step}
            for x, y, loss, out, step in zip(one.x, one.y, one.loss, one.out, one.step, strict=True)
        ]
        for one in terrain.trajectories
    ]
    noise = ""
    if terrain.samples:
        noise = (
            f"Heights are means over {number.count(terrain.samples)} samples; "
            f"what is lower than {number.plain(3 * terrain.ground.noise)} may be their noise."
        )
    return {
        **terrain.ground.to_dict(),
        "name": name,
        "title": terrain.title,
        "axes": list(terrain.axes),
        "caption": f"{terrain.title}.",
        "mode": f"Batch normalisation: {terrain.mode}." if terrain.mode else "",
        "noise": noise,
        "variance": " ".join(terrain.notes),
        "features": [feature(one) for one in terrain.features],
        "path": paths[0] if paths else [],
        "paths": paths,
    }


def feature(one: Feature) -> dict[str, Any]:
    """A minimum or a pass; its kind is the word to print beside it."""
    kind = f"{one.scope} minimum" if one.kind == "minimum" and one.scope else one.kind
    return {**one.to_dict(), "kind": kind}
