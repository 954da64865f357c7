"""thalweg: optimizers for PyTorch, each update rule written once as mathematics.

    import thalweg
    opt = thalweg.AdamW(model.parameters(), lr=1e-3)      # in place of torch.optim.AdamW

The optimizers are here at once; the rooms for training, racing and drawing are opened when used.
"""

import importlib
from typing import Any

from thalweg import optim, rules, schedules
from thalweg.optim import build, groups, optimizer
from thalweg.rules.modifiers import averaged, cautious, decoupled, lookahead
from thalweg.version import __version__

_ROOMS = ("race", "terrain", "doctor", "probe", "tasks", "train", "web", "serve", "cli", "engines")

_FROM_ROOMS = {"watch": "doctor", "diagnose": "doctor", "faults": "doctor"}

__all__ = [
    "__version__",
    "averaged",
    "build",
    "cautious",
    "decoupled",
    "groups",
    "lookahead",
    "optim",
    "optimizer",
    "rules",
    "schedules",
]

for _name in rules.names():
    _kind = optimizer(_name)
    globals()[_kind.__name__] = _kind
    __all__ += [_kind.__name__]  # noqa: PLE0604 - these are strings


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"thalweg.{name}")
    if name in _FROM_ROOMS:
        return getattr(importlib.import_module(f"thalweg.{_FROM_ROOMS[name]}"), name)
    raise AttributeError(f"thalweg has no {name!r}; dir(thalweg) lists what it has")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_FROM_ROOMS})
