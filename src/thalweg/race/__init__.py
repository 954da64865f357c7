"""Which optimizer for my model, tuned how, and is the difference real?"""

import sys
from types import ModuleType
from typing import Any

from thalweg.race.call import race
from thalweg.race.entry import KNOWN, Entry
from thalweg.race.result import Result
from thalweg.race.valley import Track, Valley

__all__ = ["KNOWN", "Entry", "Result", "Track", "Valley", "race"]


class _Room(ModuleType):
    """The room is called as its one call is: `thalweg.race("digits", ["sgd", "adam"])`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Result:
        """See `thalweg.race.race`."""
        return race(*args, **kwargs)


sys.modules[__name__].__class__ = _Room
