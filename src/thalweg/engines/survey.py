"""The survey: where many tensors lie, and how, in one go.

A kernel reads and writes raw addresses, and between two steps a user may have replaced a
parameter's data, transposed a gradient, moved a state to another device. So every step looks
again. In Python that costs about 0.1 µs for each of a dozen attributes of each tensor, several
times the work itself when tensors are small. Hence two surveyors with the same answers:

`PythonSurvey` asks each tensor, with torch's Python interface.
`NativeSurvey` asks libtorch, through the functions that a compiled extension would link to: the C
interface that ahead-of-time compiled models use, and a few C++ ones, found by name. If one of
them is missing, or the tensors' own words differ from what they answer, Python does it.
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

GRAD = 1
"""The column of the gradient; the parameter is column 0, the states follow."""


class Survey(Protocol):
    """What a step needs to know of its tensors.

    Attributes:
        address: where each tensor's first element lies, an int64 table with a row for each
            parameter and a column each for it, its gradient and its states.
    """

    address: np.ndarray

    def unchanged(self) -> bool:
        """Look again; whether every tensor is still of the kind it was at first."""
        ...

    def release(self, *, written: bool) -> None:
        """Let the gradients go; if the parameters were written, tell autograd so."""
        ...


class PythonSurvey:
    """Asks tensors one by one."""

    def __init__(self, columns: Sequence[Sequence[Tensor]]) -> None:
        """Remember the tensors, by columns: parameters and states. All must have gradients."""
        self._columns = columns
        self._grads: list[Tensor | None] = []
        self.address = np.zeros((len(columns[0]), len(columns) + 1), np.int64)
        self._seen = self._look()

    def _look(self) -> list[object]:
        params, *states = self._columns
        self._grads = [p.grad for p in params]
        seen: list[object] = []
        for column, tensors in enumerate((params, self._grads, *states)):
            pointers = [_pointer(t) for t in tensors]
            self.address[:, column] = pointers
            seen.append([_kind(t) for t in tensors])
            if column != GRAD:
                seen.append(pointers)
        return seen

    def unchanged(self) -> bool:
        """See Survey."""
        return self._look() == self._seen

    def release(self, *, written: bool) -> None:
        """See Survey."""
        self._grads = []
        if written:
            torch.autograd.graph.increment_version(list(self._columns[0]))


def _kind(tensor: Tensor | None) -> tuple[object, ...] | None:
    if tensor is None:
        return None
    if tensor.layout != torch.strided:
        return tensor.layout, tensor.shape
    # The stride along a dimension of one element means nothing and may be anything.
    pairs = zip(tensor.stride(), tensor.shape, strict=True)
    strides = [stride for stride, size in pairs if size != 1]
    return tensor.dtype, tensor.device, tensor.shape, strides, tensor.is_neg()


def _pointer(tensor: Tensor | None) -> int:
    if tensor is None or tensor.layout != torch.strided or tensor.device.type != "cpu":
        return 0
    return tensor.data_ptr()


_HANDLE = 16
"""Where a Python tensor object holds its at::Tensor: right behind CPython's object header."""

_SYMBOLS = {
    "torch_cpu": (
        "aoti_torch_is_defined",
        "aoti_torch_get_layout",
        "aoti_torch_get_device_type",
        "aoti_torch_get_dtype",
        "aoti_torch_get_dim",
        "aoti_torch_get_sizes",
        "aoti_torch_get_strides",
        "aoti_torch_get_data_ptr",
        "aoti_torch_new_tensor_handle",
        "aoti_torch_delete_tensor_object",
        "aoti_torch_get_numel",
        "_ZN5torch8autograd4impl12bump_versionERKN2at6TensorE",
        "_ZN2at6native6is_negERKNS_6TensorE",
    ),
    "c10": ("_ZNK3c1010TensorImpl4gradEv",),
}


@cache
def _entries() -> np.ndarray | None:
    """The addresses of the functions above, or None where one is missing."""
    if sys.platform != "linux" or sys.implementation.name != "cpython":
        return None
    if os.environ.get("THALWEG_SURVEY") == "python":
        return None
    found = []
    for library, names in _SYMBOLS.items():
        path = Path(torch.__file__).parent / "lib" / f"lib{library}.so"
        try:
            shared = ctypes.CDLL(str(path))
            found += [ctypes.cast(getattr(shared, name), ctypes.c_void_p).value for name in names]
        except (OSError, AttributeError):
            return None
    return np.array(found, np.int64)


@cache
def _native() -> bool:
    """Whether libtorch answers as the tensors themselves do, on a few that are all different."""
    if _entries() is None:
        return False
    with torch.inference_mode(mode=False), torch.device("cpu"):
        return _honest()


def _honest() -> bool:
    probes = [torch.zeros(3, 4), torch.zeros(5, dtype=torch.float64), torch.zeros(2, 6).t()]
    for probe in probes:
        word = ctypes.c_int64.from_address(id(probe) + _HANDLE).value
        if word != probe._cdata:
            return False
    params = [torch.nn.Parameter(probe) for probe in probes]
    for param in params[:2]:
        param.grad = torch.ones_like(param)
    columns = [params, probes]
    native, python = NativeSurvey(columns), PythonSurvey(columns)
    before = [p._version for p in params]
    honest = native.unchanged() and bool((native.address == python.address).all())
    native.release(written=True)
    honest &= all(p._version == b + 1 for p, b in zip(params, before, strict=True))
    params[1].grad = None
    moved = not native.unchanged()
    native.release(written=False)
    return honest and moved


class NativeSurvey:
    """Asks libtorch."""

    def __init__(self, columns: Sequence[Sequence[Tensor]]) -> None:
        """Remember the tensors, by columns: parameters and states."""
        self._columns = columns  # keeps the Python objects, and so the handles, alive
        rows, width = len(columns[0]), len(columns) + 1
        handles = np.zeros((rows, width), np.int64)
        for column, tensors in enumerate(columns):
            place = column if column == 0 else column + GRAD
            handles[:, place] = np.fromiter(map(id, tensors), np.int64, rows) + _HANDLE
        self._handles = handles
        self._held = np.zeros(rows, np.int64)
        self._scratch = np.zeros(1, np.int64)
        self._seen = np.zeros((rows, width), np.int64)
        self.address = np.zeros((rows, width), np.int64)
        entries = _entries()
        assert entries is not None
        self._entries = entries
        from thalweg.engines import handles as c

        self._look, self._release = c.look, c.release
        self._call(first=True)
        self.release(written=False)

    def _call(self, *, first: bool) -> bool:
        return self._look(
            self._entries, self._handles, self._held, self._scratch, self.address, self._seen, first
        )

    def unchanged(self) -> bool:
        """See Survey."""
        return self._call(first=False)

    def release(self, *, written: bool) -> None:
        """See Survey."""
        self._release(self._entries, self._handles, self._held, written)


def survey(columns: Sequence[Sequence[Tensor]]) -> Survey:
    """The faster surveyor that can be trusted here."""
    return NativeSurvey(columns) if _native() else PythonSurvey(columns)
