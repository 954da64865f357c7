"""What a loss looks like: surfaces, slices through real networks, minima, passes and paths."""

import sys
from types import ModuleType
from typing import Any

from thalweg.terrain.call import terrain
from thalweg.terrain.feature import Feature, features, landmarks
from thalweg.terrain.ground import Ground, survey
from thalweg.terrain.result import Terrain
from thalweg.terrain.track import Track, track
from thalweg.terrain.trajectory import Trajectory

__all__ = [
    "Feature",
    "Ground",
    "Terrain",
    "Track",
    "Trajectory",
    "features",
    "landmarks",
    "survey",
    "terrain",
    "track",
]


class _Room(ModuleType):
    """The room is called as its one call is: `thalweg.terrain("himmelblau")`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Terrain:
        """See `thalweg.terrain.terrain`."""
        return terrain(*args, **kwargs)


sys.modules[__name__].__class__ = _Room
