"""The catalogue: what a run can suffer from. The folder is the registry: one symptom, one file."""

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache

from thalweg.doctor.symptom.symptom import Finding, Prescription, Severity, Symptom

__all__ = ["Finding", "Prescription", "Severity", "Symptom", "catalogue", "find", "names"]


@cache
def catalogue() -> tuple[Symptom, ...]:
    """All symptoms, by their number.

    Example:
        >>> [one.name for one in catalogue()][:3]
        ['crawling', 'bouncing', 'diverging']
    """
    files = [one.name for one in pkgutil.iter_modules(__path__) if one.name != "symptom"]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in files]
    return tuple(sorted((one.symptom for one in modules), key=lambda one: one.number))


def names() -> list[str]:
    """The names of all symptoms, in the order of the catalogue."""
    return [one.name for one in catalogue()]


def find(name: str) -> Symptom:
    """The symptom of that name.

    Raises:
        ValueError: there is none; the line names near ones.

    Example:
        >>> find("crawling").number
        1
    """
    for one in catalogue():
        if one.name == name:
            return one
    near = get_close_matches(name, names(), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names())}"
    raise ValueError(f"doctor: symptom {name!r} is unknown; {hint}")
