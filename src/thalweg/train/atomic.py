"""A file is either the old one, whole, or the new one, whole: never half of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def replace(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write `path` so that a crash at any moment leaves the old file or the new one.

    The bytes go to a temporary file in the same folder (a rename across file systems is a copy,
    which can be torn) and reach the disk before the rename does; then the folder itself is
    flushed, for the rename lives there. The temporary name is fixed, so that a killed process
    leaves at most one file, which the next write takes over.

    Args:
        path: the file to make or replace.
        fill: writes the content to the open file that it is given.

    Raises:
        ValueError: the file can't be written; the old one is untouched.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "figures.txt"
        >>> replace(path, lambda file: file.write(b"42"))
        >>> path.read_text()
        '42'
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(
            f"{path}: cannot be written ({reason}); what was there before is untouched"
        ) from error


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows can't open a folder, and flushes renames by itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
