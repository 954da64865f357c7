"""How a worker, which is another process, finds the task and the rules.

A name is found again by its name; a task made in code, or a rule of one's own, travels as bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from thalweg import tasks
from thalweg.race.own import NONE, Own
from thalweg.race.travel import pickled, unpickled
from thalweg.rules import Rule
from thalweg.tasks.task import Task

WAY_OUT = "run in this one with on='here', or put the task into a file and call it file.py:name"


class Reference:
    """A task for another process. Made by `Reference.of`.

    Args:
        name: as `thalweg.tasks.find` takes it.
        find: gives the task.
        pack: gives the task as bytes; None where the name is enough.
        rules: of one's own.
        keep: the folder for checkpoints of runs that go on; None keeps none.
    """

    def __init__(
        self,
        name: str,
        find: Callable[[], Task],
        pack: Callable[[], bytes] | None = None,
        rules: Own = NONE,
        keep: Path | None = None,
    ) -> None:
        self.name, self.rules, self.keep = name, rules, keep
        self._find, self._pack = find, pack

    @classmethod
    def of(
        cls, task: Task | str, rules: Iterable[Rule] = (), keep: Path | None = None
    ) -> Reference:
        """Refer to a task, and to rules.

        Args:
            task: a task, or its name as `thalweg.tasks.find` takes it.
            rules: of the race; those that are not shipped go along.
            keep: the folder for checkpoints, if runs are so long that they need any.

        Returns:
            The reference; nothing is read or pickled yet.

        Example:
            >>> Reference.of("digits").find().name
            'digits'
        """
        own = Own.of(rules)
        if isinstance(task, Task):
            pack = partial(pickled, task, task.name, WAY_OUT)
            return cls(task.name, lambda: task, pack, own, keep)
        path, colon, name = task.rpartition(":")
        if colon and path.endswith(".py"):  # a worker may stand in another folder
            return _named(f"{Path(path).expanduser().resolve()}:{name}", own, keep)
        return _named(task, own, keep)

    def find(self) -> Task:
        """The task, found once a process; so are its data read, however many runs there are.

        Raises:
            ValueError: there is no such task here.
        """
        return self._found

    def pack(self) -> None:
        """Make sure that it can travel.

        Raises:
            ValueError: the task or a rule holds what can't be sent to another process.
        """
        _ = self._packed
        self.rules.pack()

    @cached_property
    def _found(self) -> Task:
        task = self._find()
        return replace(task, load=cache(task.load))

    @cached_property
    def _packed(self) -> bytes | None:
        return None if self._pack is None else self._pack()

    def __reduce__(self) -> tuple[Any, ...]:
        if self._packed is None:
            return _named, (self.name, self.rules, self.keep)
        return _arrived, (self.name, self._packed, self.rules, self.keep)


@cache
def _named(name: str, rules: Own, keep: Path | None) -> Reference:
    return Reference(name, lambda: tasks.find(name), rules=rules, keep=keep)


@cache
def _arrived(name: str, packed: bytes, rules: Own, keep: Path | None) -> Reference:
    """One reference for equal bytes, so that they are unpickled once."""
    return Reference(name, lambda: unpickled(packed), lambda: packed, rules, keep)
