"""How a worker, which is another process, finds the task.

A name is found again by its name, a task made in code travels as cloudpickle's bytes. To unpickle
is to run code: these bytes come from the referee through a pipe, or through Ray, and from nowhere
else. They are never written to the ledger or to any other file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from thalweg import tasks
from thalweg.tasks.task import Task


class Reference:
    """A task for another process. Made by `Reference.of`.

    Args:
        name: as `thalweg.tasks.find` takes it.
        find: gives the task.
        pack: gives the task as bytes; None where the name is enough.
    """

    def __init__(
        self, name: str, find: Callable[[], Task], pack: Callable[[], bytes] | None = None
    ) -> None:
        self.name = name
        self._find, self._pack = find, pack

    @classmethod
    def of(cls, task: Task | str) -> Reference:
        """Refer to a task.

        Args:
            task: a task, or its name as `thalweg.tasks.find` takes it.

        Returns:
            The reference; nothing is read or pickled yet.

        Example:
            >>> Reference.of("digits").find().name
            'digits'
        """
        if isinstance(task, Task):
            return cls(task.name, lambda: task, lambda: _pickled(task))
        path, colon, name = task.rpartition(":")
        if colon and path.endswith(".py"):  # a worker may stand in another folder
            return _named(f"{Path(path).expanduser().resolve()}:{name}")
        return _named(task)

    def find(self) -> Task:
        """The task, found once a process; so are its data read, however many runs there are.

        Raises:
            ValueError: there is no such task here.
        """
        return self._found

    def pack(self) -> None:
        """Make sure that it can travel.

        Raises:
            ValueError: the task holds what can't be sent to another process.
        """
        _ = self._packed

    @cached_property
    def _found(self) -> Task:
        task = self._find()
        return replace(task, load=cache(task.load))

    @cached_property
    def _packed(self) -> bytes | None:
        return None if self._pack is None else self._pack()

    def __reduce__(self) -> tuple[Any, ...]:
        if self._packed is None:
            return _named, (self.name,)
        return _arrived, (self.name, self._packed)


@cache
def _named(name: str) -> Reference:
    return Reference(name, lambda: tasks.find(name))


_ARRIVED: dict[bytes, Reference] = {}


def _arrived(name: str, packed: bytes) -> Reference:
    """One reference for equal bytes, so that they are unpickled once."""
    key = blake2b(packed).digest()
    if key not in _ARRIVED:
        _ARRIVED[key] = Reference(name, lambda: _unpickled(packed), lambda: packed)
    return _ARRIVED[key]


def _pickled(task: Task) -> bytes:
    import cloudpickle

    try:
        with _own_by_value(cloudpickle):
            return cloudpickle.dumps(task)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{task.name}: can't be sent to another process ({type(error).__name__}: {reason}); "
            "run in this one with on='here', or put the task into a file and call it file.py:name"
        ) from error


def _unpickled(packed: bytes) -> Task:
    import pickle

    return pickle.loads(packed)


@contextmanager
def _own_by_value(cloudpickle: Any) -> Iterator[None]:
    """Send functions of a task's file as they are: no other process can import that file by name.

    `thalweg.tasks.find` calls the modules that it makes of such files thalweg_own_...
    """
    own = [module for name, module in sys.modules.items() if name.startswith("thalweg_own_")]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)
