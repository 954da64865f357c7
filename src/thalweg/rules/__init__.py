"""Rules: what one step means. The folder is the registry: one rule, one file."""

import difflib
import importlib
import pkgutil
from functools import cache

from thalweg.rules.rule import Demand, Hyper, Rule, Slot, read

__all__ = ["Demand", "Hyper", "Rule", "Slot", "find", "names", "read"]


@cache
def names() -> list[str]:
    """The names of all rules, in alphabetical order.

    >>> names()[:3]
    ['adabelief', 'adadelta', 'adafactor']
    """
    return sorted(name for _, name, _ in pkgutil.iter_modules(__path__) if _declares(name))


def _declares(name: str) -> bool:
    """Whether the file of this name holds a rule: a function of that name, and its source."""
    module = importlib.import_module(f"{__name__}.{name}")
    return hasattr(module, name) and hasattr(module, "source")


@cache
def find(name: str) -> Rule:
    """The rule of this name.

    Raises:
        ValueError: no such rule; the line names near ones.

    >>> find("adam").title
    'Adam'
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=3)
        if near:
            raise ValueError(f"no rule is called {name!r}; did you mean {', '.join(near)}?")
        raise ValueError(f"no rule is called {name!r}; there are {', '.join(names())}")
    return read(getattr(importlib.import_module(f"{__name__}.{name}"), name))
