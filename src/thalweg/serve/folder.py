"""The chosen folder: which runs and races lie in it, and their files.

A browser names a run by an ID that this server made of its path, never by a path. A file is opened
from the folder downwards, name by name, and no name may be a symbolic link: whatever is put into
the folder, and whenever, nothing outside of it is read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from thalweg.serve import limit

RECORD, RACE = "record.json", "race.json"
TERRAIN: Final = "terrain.json"
PAGE: Final = "page.html"
# Both are missing on Windows, where making a symbolic link takes an administrator.
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for its other end
STEPWISE = os.open in os.supports_dir_fd


@dataclass(frozen=True)
class Found:
    """A run or a race in the folder.

    Attributes:
        id: by which a browser names it; the same as long as it lies where it lies.
        name: its path within the folder.
        kind: which of the two it is.
        report: whether it has a page.
        terrain: whether it has a slice through its loss.
    """

    id: str
    name: str
    kind: Literal["run", "race"]
    report: bool
    terrain: bool


class Folder:
    """What may be read from the disk, and nothing else.

    Args:
        root: the chosen folder.

    Raises:
        ValueError: it is no folder.
    """

    def __init__(self, root: Path) -> None:
        try:
            self._root = root.resolve(strict=True)
            if not self._root.is_dir():
                raise NotADirectoryError
        except OSError as error:
            raise ValueError(
                f"{root}: there is no such folder; `thalweg train --out` makes one"
            ) from error
        self._known: dict[str, Found] = {}

    def runs(self) -> list[Found]:
        """All runs and races, sorted by name; the first 500 of them."""
        found: list[Found] = []
        open_ = [((), 0)]
        looked = 0
        while open_ and looked < limit.FOLDERS and len(found) < limit.RUNS:
            parts, depth = open_.pop()
            looked += 1
            folders, files = self._listing(parts)
            if depth < limit.DEPTH:
                open_ += [((*parts, name), depth + 1) for name in reversed(folders)]
            if RECORD in files or RACE in files:
                found.append(_found(parts, files))
        self._known = {one.id: one for one in found}
        return sorted(found, key=lambda one: one.name)

    def find(self, run: str) -> Found:
        """The run or race of an ID.

        Raises:
            ValueError: there is none.
        """
        if run not in self._known:
            self.runs()  # it may be new
        if run not in self._known:
            raise ValueError(f"run {run!r:.40} is not in the folder; ask for the catalogue again")
        return self._known[run]

    def read(self, run: str, name: Literal["page.html", "terrain.json"]) -> bytes:
        """A file of a run.

        Args:
            run: its ID.
            name: which file.

        Returns:
            Its bytes.

        Raises:
            ValueError: no such run or file, or one that is not a plain file, or too large.
        """
        where = self.find(run).name
        parts = () if where == "." else tuple(where.split("/"))
        try:
            handle = self._open((*parts, name))
        except OSError as error:
            raise ValueError(f"{where}: {name} can't be read ({error.strerror})") from error
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise ValueError(f"{where}: {name} is not a plain file")
            content = file.read(limit.FILE + 1)
        if len(content) > limit.FILE:
            raise ValueError(f"{where}: {name} is longer than {limit.FILE} bytes")
        return content

    def _open(self, parts: tuple[str, ...]) -> int:
        """Open a file below the folder, going through no symbolic link."""
        if not STEPWISE:
            path = self._root.joinpath(*parts)
            if not path.resolve(strict=True).is_relative_to(self._root) or path.is_symlink():
                raise PermissionError(1, "it leads out of the folder")
            return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        here = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for part in parts[:-1]:
                there = os.open(part, os.O_RDONLY | os.O_DIRECTORY | NO_LINK, dir_fd=here)
                os.close(here)
                here = there
            return os.open(parts[-1], os.O_RDONLY | NO_LINK | NO_WAIT, dir_fd=here)
        finally:
            os.close(here)

    def _listing(self, parts: tuple[str, ...]) -> tuple[list[str], set[str]]:
        """The names of the folders and of the plain files in a folder; links are neither."""
        folders: list[str] = []
        files: set[str] = set()
        try:
            with os.scandir(self._root.joinpath(*parts)) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        if entry.name in (RECORD, RACE, TERRAIN, PAGE):
                            files.add(entry.name)
                    elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                        folders.append(entry.name)
        except OSError:  # it went away, or may not be read: nothing is in it for us
            return [], set()
        return sorted(folders)[: limit.FOLDERS], files


def _found(parts: tuple[str, ...], files: set[str]) -> Found:
    name = "/".join(parts) or "."
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return Found(
        id=digest[:16],
        name=name,
        kind="race" if RACE in files else "run",
        report=PAGE in files,
        terrain=TERRAIN in files,
    )
