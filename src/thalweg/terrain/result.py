"""A terrain as plain data: all that a picture draws, and `terrain.json` on disk."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from thalweg.terrain.barrier import Profile
from thalweg.terrain.feature import Feature
from thalweg.terrain.ground import Ground
from thalweg.terrain.track import Track
from thalweg.terrain.trajectory import Trajectory
from thalweg.train.atomic import replace

FORMAT = 1
FILE = "terrain.json"


@dataclass(eq=False)
class Terrain:
    """Ground, what stands on it, and all that a reader must know to trust it.

    Attributes:
        title: what it is of.
        kind: "surface", exact and two-dimensional; or "slice", a window of a plane through the
            weights of a network.
        ground: the heights.
        features: minima and passes.
        axes: what x and y are.
        tracks: of rules on a surface.
        trajectories: of training runs on a slice.
        profiles: losses along the line between two solutions.
        directions: of a slice: "random", "pca", "hessian" or "between"; "" of a surface.
        samples: the heights of a slice are means over so many; 0 of a surface.
        mode: of batch normalisation, in words; "" where there is none.
        method: how it was evaluated, in words.
        seconds: that took.
        weights: trainable numbers of the model; 0 of a surface.
        centre: loss at the centre of the plane; None of a surface.
        formula: of a surface.
        notes: sentences on how to read it.
        format: version of this layout; 1.

    Example:
        >>> import thalweg
        >>> made = thalweg.terrain("bowl", size=11)
        >>> Terrain.from_dict(made.to_dict()).to_json() == made.to_json()
        True
    """

    title: str
    kind: Literal["surface", "slice"]
    ground: Ground
    features: list[Feature] = field(default_factory=list[Feature])
    axes: tuple[str, str] = ("x", "y")
    tracks: list[Track] = field(default_factory=list[Track])
    trajectories: list[Trajectory] = field(default_factory=list[Trajectory])
    profiles: list[Profile] = field(default_factory=list[Profile])
    directions: str = ""
    samples: int = 0
    mode: str = ""
    method: str = ""
    seconds: float = 0.0
    weights: int = 0
    centre: float | None = None
    formula: str = ""
    notes: list[str] = field(default_factory=list[str])
    format: int = FORMAT

    def to_dict(self) -> dict[str, Any]:
        """Nested dicts, lists and numbers; what is not finite is None."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        plain["ground"] = self.ground.to_dict()
        plain["axes"] = list(self.axes)
        for name in ("features", "tracks", "trajectories", "profiles"):
            plain[name] = [one.to_dict() for one in plain[name]]
        return plain

    @classmethod
    def from_dict(cls, plain: object, *, source: str = "terrain") -> Terrain:
        """Make a terrain of what `to_dict` gave.

        Args:
            plain: nested dicts, lists and numbers.
            source: where it comes from, for the error line.

        Raises:
            ValueError: it is none, or of another format.
        """
        if not isinstance(plain, dict) or type(plain.get("format")) is not int:
            raise ValueError(f"{source}: damaged (not a terrain); make it again")
        if plain["format"] != FORMAT:
            raise ValueError(
                f"{source}: format {plain['format']}, this thalweg reads {FORMAT}; "
                "upgrade with `pip install -U thalweg`"
            )
        try:
            made = dict(plain)
            made["ground"] = Ground.from_dict(made["ground"])
            made["axes"] = tuple(made["axes"])
            for name, kind in _KINDS.items():
                made[name] = [kind.from_dict(one) for one in made[name]]
            return cls(**made)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise ValueError(f"{source}: damaged ({error}); make it again") from error

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)

    def write(self, folder: str | Path) -> Path:
        """Write `terrain.json` into a folder, whole or not at all.

        Returns:
            Its path.

        Raises:
            ValueError: it can't be written.
        """
        path = Path(folder) / FILE
        text = self.to_json()
        replace(path, lambda file: file.write(text.encode() + b"\n"))
        return path

    @classmethod
    def read(cls, folder: str | Path) -> Terrain:
        """Read the terrain of a folder.

        Args:
            folder: or its `terrain.json`.

        Raises:
            ValueError: none there, or a damaged one.
        """
        path = Path(folder)
        path = path if path.name == FILE else path / FILE
        try:
            return cls.from_dict(json.loads(path.read_bytes()), source=str(path))
        except FileNotFoundError as error:
            raise ValueError(f"{path}: there is no terrain; `thalweg terrain` makes one") from error
        except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: cannot be read ({error})") from error

    def _repr_html_(self) -> str:
        """The picture, for a notebook."""
        return _drawing().embedded(self)

    def html(self) -> str:
        """The picture as a page of its own, which needs no network."""
        return _drawing().page(self).render()


_KINDS: dict[str, Any] = {
    "features": Feature,
    "tracks": Track,
    "trajectories": Trajectory,
    "profiles": Profile,
}


def _drawing() -> Any:
    # A notebook asks the result itself for its picture, and who draws stands a floor above this
    # room. So it is found by its name, when it is asked for: docs/decisions/0009.
    return importlib.import_module("thalweg.web.terrain")
