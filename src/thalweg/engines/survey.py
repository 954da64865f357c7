"""The survey: where many tensors lie, and how, in one go.

A kernel reads and writes raw addresses, and between two steps a user may have replaced a
parameter's data, transposed a gradient, moved a state to another device. So every step looks
again. In Python that costs about 0.1 µs for each of a dozen attributes of each tensor, several
times the work itself when tensors are small. Hence two surveyors with the same answers:

`PythonSurvey` asks each tensor, with torch's Python interface.
`NativeSurvey` asks libtorch, through the functions that a compiled extension would link to: the C
interface that ahead-of-time compiled models use, and a few C++ ones, found by name; and CPython,
for the dicts that hold the states. If one of them is missing, or the tensors' own words differ
from what they answer, Python does it.
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from functools import cache, partial
from operator import is_, itemgetter
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

State = dict[str, Any]

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
        """Look again; whether all tensors are still there, and of the kind they were at first."""
        ...

    def release(self, *, written: bool) -> None:
        """Let the gradients go; if the parameters were written, tell autograd so."""
        ...


class PythonSurvey:
    """Asks tensors one by one."""

    def __init__(
        self, params: Sequence[Tensor], states: Sequence[State], names: Sequence[str]
    ) -> None:
        """Remember the tensors; all parameters must have gradients.

        Args:
            params: the parameters.
            states: a dict for each, with a tensor under each of `names` and an equal "step".
            names: of the states' tensors.
        """
        self._params, self._states, self._names = params, states, names
        self._columns = [[state[name] for state in states] for name in names]
        self._grads: list[Tensor | None] = []
        self.address = np.zeros((len(params), len(names) + 2), np.int64)
        self._seen = self._look()

    def _look(self) -> list[object]:
        params, states = self._params, self._columns
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
        steps = [state["step"] for state in self._states]
        if steps != steps[:1] * len(steps):
            return False
        for name, tensors in zip(self._names, self._columns, strict=True):
            if not all(map(is_, map(itemgetter(name), self._states), tensors)):
                return False
        return self._look() == self._seen

    def release(self, *, written: bool) -> None:
        """See Survey."""
        self._grads = []
        if written:
            torch.autograd.graph.increment_version(list(self._params))


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
"""Where a Python tensor object holds its at::Tensor: right behind CPython's object header. The
kernels of `handles.py` know it too."""

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
    found.append(ctypes.cast(ctypes.pythonapi.PyDict_GetItem, ctypes.c_void_p).value)
    return np.array(found, np.int64)


@cache
def _native() -> bool:
    """Whether libtorch answers as the tensors themselves do, on a few that are all different."""
    if _entries() is None:
        return False
    try:
        from thalweg.engines import handles as _  # noqa: F401
    except RuntimeError:  # Numba finds no folder that it may keep compiled code in
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
    states: list[State] = [{"step": 0, "buffer": probe} for probe in probes]
    native, python = (kind(params, states, ["buffer"]) for kind in (NativeSurvey, PythonSurvey))
    before = [p._version for p in params]
    honest = native.unchanged() and bool((native.address == python.address).all())
    native.release(written=True)
    honest &= all(p._version == b + 1 for p, b in zip(params, before, strict=True))
    for change in (lambda: states[0].update(step=1), lambda: setattr(params[1], "grad", None)):
        change()
        honest &= not native.unchanged()
        native.release(written=False)
        states[0].update(step=0)
    return honest


class NativeSurvey:
    """Asks libtorch."""

    def __init__(
        self, params: Sequence[Tensor], states: Sequence[State], names: Sequence[str]
    ) -> None:
        """Remember the tensors; see PythonSurvey."""
        from thalweg.engines import handles as c

        entries = _entries()
        assert entries is not None
        rows, width = len(params), len(names) + 2
        columns = [params, *([state[name] for state in states] for name in names)]
        # What is known by its address only must stay alive.
        self._keys = [*names, "step"]
        self._alive = columns, states
        handles = np.zeros((rows, width), np.int64)
        for column, tensors in zip([0, *range(GRAD + 1, width)], columns, strict=True):
            handles[:, column] = np.fromiter(map(id, tensors), np.int64, rows) + _HANDLE
        self.address = np.zeros((rows, width), np.int64)
        self._held = np.zeros(rows, np.int64)
        self._look = partial(
            c.look,
            entries,
            handles,
            self._held,
            np.zeros(1, np.int64),
            self.address,
            np.zeros((rows, width), np.int64),
            np.fromiter(map(id, states), np.int64, rows),
            np.array([id(key) for key in self._keys], np.int64),
        )
        self._release = partial(c.release, entries, handles, self._held)
        self._look(True)
        self._release(False)

    def unchanged(self) -> bool:
        """See Survey."""
        return self._look(False)

    def release(self, *, written: bool) -> None:
        """See Survey."""
        self._release(written)


def survey(params: Sequence[Tensor], states: Sequence[State], names: Sequence[str]) -> Survey:
    """The faster surveyor that can be trusted here; see PythonSurvey."""
    return (NativeSurvey if _native() else PythonSurvey)(params, states, names)
