"""A hook on a module that stays behind when the module is copied or saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Ear:
    """Calls a function; its copies and what is unpickled of it hear nothing.

    A model with a hook of ours must still go through `copy.deepcopy` and `torch.save`, and the
    copy's calls are none of ours.

    Args:
        heard: called with what the hook is called with; what it returns is dropped.
    """

    def __init__(self, heard: Callable[..., None]) -> None:
        self.heard = heard

    def __call__(self, *args: Any) -> None:
        """The hook is called."""
        self.heard(*args)

    def __reduce__(self) -> Any:  # which copy.deepcopy asks too
        return _make_deaf, ()


def deaf(*args: Any) -> None:
    """Hears nothing."""


def _make_deaf() -> Any:
    return deaf
