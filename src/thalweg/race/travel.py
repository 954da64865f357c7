"""To another process and back: what was made in code travels as cloudpickle's bytes.

To unpickle is to run code: these bytes come from the referee through a pipe, or through Ray, and
from nowhere else. They are never written to the ledger or to any other file.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import IO, Any

from thalweg.rules.modifiers import Modifier


def pickled(value: Any, said: str, way_out: str) -> bytes:
    """A value as bytes.

    Args:
        value: what goes.
        said: names it in a complaint.
        way_out: what to do if it can't.

    Raises:
        ValueError: it holds what can't be sent to another process.
    """
    import cloudpickle

    try:
        with _own_by_value(cloudpickle), BytesIO() as file:
            _pickler(file).dump(value)
            return file.getvalue()
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{said}: can't be sent to another process ({type(error).__name__}: {reason}); "
            f"{way_out}"
        ) from error


def unpickled(packed: bytes) -> Any:
    """The value."""
    return pickle.loads(packed)


def _pickler(file: IO[bytes]) -> Any:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):
        """Sends modifiers of one's own in parts; their name leads nowhere in another process."""

        def reducer_override(self, obj: Any) -> Any:
            if not isinstance(obj, Modifier) or obj.__module__.startswith("thalweg.rules."):
                return super().reducer_override(obj)
            more = {"needs": obj.needs, "moves": obj.moves, "evaluates": obj.evaluates}
            return partial(Modifier, **more), (obj.function,)

    return Pickler(file)


@contextmanager
def _own_by_value(cloudpickle: Any) -> Iterator[None]:
    """Send functions of a user's file as they are: no other process can import it by name.

    `thalweg.tasks.own` calls the modules that it makes of such files thalweg_own_...
    """
    own = [module for name, module in sys.modules.items() if name.startswith("thalweg_own_")]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)
