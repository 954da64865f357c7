"""IDX, the format of MNIST: four magic bytes, the sizes, the numbers, all big-endian.

0 0 type dimensions | size of each dimension, 4 bytes | the numbers
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from torch import Tensor

from thalweg.tasks.array import as_inputs, as_targets
from thalweg.tasks.split import cut
from thalweg.tasks.task import Data, Part

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
PIECE = 1 << 20
# MNIST calls its test part t10k; others say test.
TRAIN, TEST = ("train",), ("t10k", "test")


def idx(folder: str | Path, *, validation: float = 0.2, seed: int = 0) -> Data:
    """Read a folder of four IDX files with the names of MNIST, plain or gzipped.

    Pictures become float32 between 0 and 1, shape (rows, 1, height, width); labels become int64.

    Args:
        folder: holds `train-images…`, `train-labels…`, `t10k-images…` (or `test-images…`) and
            `t10k-labels…`. Where a file is there both plain and as .gz, the plain one is read.
        validation: the share of the training part that is cut off for validation, with each class
            in the same share.
        seed: decides which rows those are.

    Returns:
        The three parts.

    Raises:
        ValueError: a file is missing, damaged, or does not fit its partner.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise ValueError(f"idx: there is no folder {str(folder)!r}")
    train, test = _part(folder, TRAIN), _part(folder, TEST)
    return Data(*cut(train, validation, seed=seed), test)


def read_idx(path: str | Path) -> np.ndarray:
    """Read one IDX file, plain or gzipped.

    Args:
        path: the file. Its first bytes, not its name, decide whether it is gzipped.

    Returns:
        The numbers in this machine's byte order.

    Raises:
        ValueError: the file is missing, is no IDX file, or is shorter or longer than it says.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise ValueError(f"idx: there is no file {str(path)!r}")
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            return _read(path, file)
    except (EOFError, zlib.error, OSError) as error:
        raise ValueError(f"{path}: can't be read: {error}") from error


def _read(path: Path, file: BinaryIO | gzip.GzipFile) -> np.ndarray:
    magic = file.read(4)
    if len(magic) < 4:
        raise ValueError(f"{path}: ends after {len(magic)} bytes, inside the 4 bytes of its magic")
    zeros, kind, dimensions = struct.unpack(">HBB", magic)
    if zeros or kind not in TYPES or not dimensions:
        raise ValueError(
            f"{path}: begins with {magic.hex(' ')}, which is no IDX file; "
            "MNIST's begin with 00 00 08 03 (images) and 00 00 08 01 (labels)"
        )
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise ValueError(
            f"{path}: ends after {4 + len(header)} bytes, inside its header of "
            f"{4 + 4 * dimensions}; fetch it again"
        )
    shape = struct.unpack(f">{dimensions}I", header)
    dtype = np.dtype(TYPES[kind])
    expected = math.prod(shape) * dtype.itemsize
    body = _at_most(file, expected + 1)
    if len(body) != expected:
        much = "more" if len(body) > expected else f"{len(body)} bytes"
        raise ValueError(
            f"{path}: its header {shape} asks for {expected} bytes of numbers, there are {much}; "
            "fetch it again"
        )
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _at_most(file: BinaryIO | gzip.GzipFile, size: int) -> bytes:
    # In pieces: one read of a size that a damaged header made up would ask for that much memory.
    pieces: list[bytes] = []
    while size > 0 and (piece := file.read(min(size, PIECE))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _part(folder: Path, prefixes: tuple[str, ...]) -> Part:
    images, labels = _file(folder, prefixes, "images"), _file(folder, prefixes, "labels")
    part = Part(_tensor(images, as_inputs), _tensor(labels, as_targets))
    if len(part.inputs) != len(part.targets):
        raise ValueError(
            f"{folder}: {images.name} has {len(part.inputs)} pictures and {labels.name} "
            f"{len(part.targets)} labels; they do not belong together"
        )
    return part


def _tensor(path: Path, as_tensor: Callable[[np.ndarray], Tensor]) -> Tensor:
    return as_tensor(read_idx(path))


def _file(folder: Path, prefixes: tuple[str, ...], what: str) -> Path:
    # EMNIST puts its own name in front: emnist-letters-train-images-idx3-ubyte.gz
    found = sorted(
        path for prefix in prefixes for path in folder.glob(f"*{prefix}-{what}*") if path.is_file()
    )
    found = [p for p in found if p.suffix != ".gz" or p.with_suffix("") not in found]
    if not found:
        wanted = " or ".join(f"{prefix}-{what}*" for prefix in prefixes)
        raise ValueError(f"{folder}: there is no {wanted}, plain or .gz")
    if len(found) > 1:
        listed = ", ".join(path.name for path in found)
        raise ValueError(f"{folder}: several files fit {prefixes[0]}-{what}*: {listed}; keep one")
    return found[0]
