"""Losses that were measured before: a stopped slice goes on where it was.

One file for each slice, named by all that decides its values: weights, directions, samples, mode,
loss, window and size. What was found there is either exactly this slice, or not found.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import zipfile
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten

from thalweg.probe import Probe
from thalweg.terrain.plane import Plane
from thalweg.train.atomic import replace

FORMAT = 2
SECONDS = 1.0
"""Between two writes: what a kill can cost."""


class Tiles:
    """The values of a slice, as far as they are known.

    Args:
        folder: where they are kept; None keeps nothing.
        digest: the slice's name, see `digest`.
        count: points in the slice.

    Attributes:
        values: float64, shape (count,), in the order in which they are measured.
        known: which of them are; a value may well be NaN.
        method: how they were measured, in words; empty where nothing is known yet.
        chunk: points at once; 0 for one by one.
    """

    def __init__(self, folder: Path | None, digest: str, count: int) -> None:
        self.path = None if folder is None else folder / f"{digest}.npz"
        self.values = np.full(count, np.nan)
        self.known = np.zeros(count, dtype=bool)
        self.method = ""
        self.chunk = 0
        self._saved = monotonic()
        if self.path is not None and self.path.exists():
            self._load(self.path)

    def put(self, places: slice, values: Tensor) -> None:
        """Take in values, and write them down now and then."""
        self.values[places] = values.numpy()
        self.known[places] = True
        if monotonic() - self._saved > SECONDS:
            self.save()

    def save(self) -> None:
        """Write down all that is known.

        Raises:
            ValueError: the file can't be written.
        """
        self._saved = monotonic()
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace(self.path, self._write)

    def _write(self, file: BinaryIO) -> None:
        buffer = io.BytesIO()  # savez seeks, and leaves a torn file where the disk is full
        np.savez(
            buffer,
            format=FORMAT,
            values=self.values,
            known=self.known,
            method=self.method,
            chunk=self.chunk,
        )
        file.write(buffer.getvalue())

    def _load(self, path: Path) -> None:
        """What is damaged or of another format is measured again: it is only a cache."""
        try:
            # By way of its bytes: numpy forgets to close a torn file.
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as found:
                fits = int(found["format"]) == FORMAT and found["values"].shape == self.values.shape
                if not fits or found["known"].shape != self.known.shape:
                    return
                values, known = found["values"], found["known"]
                method, chunk = str(found["method"]), int(found["chunk"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return
        self.values, self.known, self.method, self.chunk = values, known, method, chunk


def digest(probe: Probe, plane: Plane, points: Tensor) -> str:
    """A name for the slice, of the content of all that decides its values.

    The loss and the model are functions that can't be hashed: their source is, where there is one,
    and the losses at three points of the plane, which change when what they call changes.

    Args:
        probe: the loss.
        plane: where the points lie.
        points: in the order in which they are measured, shape (n, 2).
    """
    made = hashlib.sha256(f"{FORMAT} {torch.__version__} {probe.mode} {probe.chunk}".encode())
    leaves = tree_flatten((probe.sample.inputs, probe.sample.targets))[0]
    buffers = [one for _, one in probe.model.named_buffers()]
    for tensor in (plane.basis, points, *buffers, *leaves):
        if isinstance(tensor, Tensor):
            _add(made, tensor)
    kinds = {_source(type(module)) for module in probe.model.modules()}
    for text in (_source(probe.loss), *sorted(kinds)):
        made.update(text.encode())
    made.update(repr(probe.model).encode())
    ends = (points[0], points.mean(0), points[-1])
    losses = [probe.value(plane.at(x, y)) for x, y in (one.tolist() for one in ends)]
    made.update(repr(losses).encode())
    return made.hexdigest()[:24]


def _add(made: Any, tensor: Tensor) -> None:
    flat = tensor.detach().cpu().contiguous()
    made.update(f"{flat.dtype} {tuple(flat.shape)}".encode())
    made.update(flat.reshape(-1).view(torch.uint8).numpy().tobytes())


def _source(thing: Any) -> str:
    name = f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', repr(type(thing)))}"
    try:
        return name + inspect.getsource(thing)
    except (OSError, TypeError):  # built in, made in a prompt, or an object
        return name
