"""A run's folder: one process at a time works in it, and it is known to be writable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no flock; there two processes are not kept apart
    fcntl = None

LOCK = ".lock"


@contextmanager
def locked(folder: Path, doing: str = "training") -> Iterator[Path]:
    """Make the folder if need be, and keep every other process out of it while inside.

    The lock belongs to the open file, so the system drops it with the process, however that ends:
    a killed run locks nobody out.

    Args:
        folder: the run's folder.
        doing: what goes on there, for the line that another process gets.

    Yields:
        The folder.

    Raises:
        ValueError: it can't be made or written, or another process works in it.

    Example:
        >>> import tempfile
        >>> with locked(Path(tempfile.mkdtemp()) / "run") as folder:
        ...     folder.is_dir()
        True
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe.{os.getpid()}.tmp"  # an old lock says nothing about new files
        probe.touch()
        probe.unlink()
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ValueError(
            f"{folder}: cannot be written ({error.strerror}); choose another folder"
        ) from error
    try:
        _lock(handle, folder, doing)
        yield folder
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path, doing: str) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(handle, 64).decode(errors="replace").strip()
        process, _, theirs = holder.partition(" ")
        raise ValueError(
            f"{folder}: process {process or '?'} is {theirs or doing} here; "
            "wait for it, or choose another folder"
        ) from error
    except OSError:  # a file system without locks (some network ones): go without
        return
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()} {doing}\n".encode())
