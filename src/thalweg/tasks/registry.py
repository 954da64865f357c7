"""The tasks that are here: the folder is the registry.

Each file in `dataset/` declares its tasks and each file in `landscape/` its surface, at top level.
There is no list to keep in step.
"""

from __future__ import annotations

import pkgutil
from difflib import get_close_matches
from functools import cache
from importlib import import_module

from thalweg.tasks import dataset, landscape
from thalweg.tasks.own import find_own
from thalweg.tasks.surface import Surface
from thalweg.tasks.task import Task


def find(name: str) -> Task:
    """The task of that name.

    Args:
        name: a name from `names()`, or `path/to/file.py:name` for your own: a Task, or a function
            without arguments that returns one.

    Returns:
        The task.

    Raises:
        ValueError: there is no such task; the message names the nearest ones.

    Examples:
        >>> find("himmelblau").name
        'himmelblau'
        >>> find("digit")
        Traceback (most recent call last):
        ...
        ValueError: task 'digit' is unknown; did you mean digits or digits-cnn?
    """
    tasks = _tasks()
    if name in tasks:
        return tasks[name]
    if ".py" in name:
        return find_own(name)
    raise ValueError(_unknown("task", name, list(tasks), "; your own is path/to/file.py:name"))


def names() -> list[str]:
    """The names of all tasks that come with the library, sorted.

    Examples:
        >>> names()[:4]
        ['ackley', 'beale', 'booth', 'bowl']
    """
    return sorted(_tasks())


def surface(name: str) -> Surface:
    """The surface of that name.

    Args:
        name: a name of one of `surfaces()`.

    Returns:
        The surface, with its minima.

    Raises:
        ValueError: there is no such surface; the message names the nearest ones.

    Examples:
        >>> surface("rosenbrock").minima
        (Minimum(x=1.0, y=1.0, value=0.0, kind='global', smooth=True),)
    """
    if name in _surfaces():
        return _surfaces()[name]
    raise ValueError(_unknown("surface", name, list(_surfaces())))


def surfaces() -> tuple[Surface, ...]:
    """All surfaces, sorted by name.

    Examples:
        >>> max(surfaces(), key=lambda surface: len(surface.minima)).name
        'ackley'
    """
    return tuple(_surfaces()[name] for name in sorted(_surfaces()))


def _unknown(kind: str, name: str, known: list[str], hint: str = "") -> str:
    near = get_close_matches(name, known, n=3)
    if near:
        return f"{kind} {name!r} is unknown; did you mean {' or '.join(near)}?"
    return f"{kind} {name!r} is unknown; there are {', '.join(sorted(known))}{hint}"


@cache
def _surfaces() -> dict[str, Surface]:
    return {
        value.name: value
        for module in pkgutil.iter_modules(landscape.__path__, f"{landscape.__name__}.")
        for value in vars(import_module(module.name)).values()
        if isinstance(value, Surface)
    }


@cache
def _tasks() -> dict[str, Task]:
    # Importing the files is cheap: data, and scikit-learn with them, are read by `load`.
    tasks = {name: surface.task() for name, surface in _surfaces().items()}
    for module in pkgutil.iter_modules(dataset.__path__, f"{dataset.__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, Task):
                tasks[value.name] = value
    return tasks
