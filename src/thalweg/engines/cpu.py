"""The cpu engine: one kernel call for all tensors of a lot, one trip through memory.

The rule's tape is printed for Numba and compiled once. At each step the kernel gets the addresses
of all tensors and the step's numbers, and every core walks its share of the elements: a parameter
with its gradient and states is read once and written once, however many operations the rule has.
Elements do not know each other, so the result does not depend on the number of threads.
"""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thalweg.engines import kernels
from thalweg.engines.printer import print_kernel
from thalweg.engines.survey import survey
from thalweg.engines.tape import Recording, record
from thalweg.rules import Rule
from thalweg.rules.fading import Step
from thalweg.version import __version__

DTYPES = {
    torch.float32: "float32",
    torch.float64: "float64",
    torch.bfloat16: "bfloat16",
    torch.float16: "float16",
}

_kernels: dict[Any, Any] = {}
_launching = threading.Lock()
_alone = threading.Event()
"""Set in the child of a fork, where OpenMP's threads are not."""


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_alone.set)


@cache
def _has_half() -> bool:
    import llvmlite.binding as llvm

    return not llvm.get_default_triple().startswith(("x86_64", "i")) or bool(
        llvm.get_host_cpu_features().get("f16c", False)
    )


def why_not(tensor: Tensor) -> str | None:
    """Why a parameter or a state can't be updated by this engine, or None if it can."""
    if type(tensor) not in (Tensor, torch.nn.Parameter):
        return f"a {type(tensor).__name__} has its own arithmetic"
    if tensor.device.type != "cpu":
        return f"it lies on {tensor.device}"
    if tensor.layout != torch.strided:
        return f"its layout is {str(tensor.layout).removeprefix('torch.')}"
    if tensor.dtype not in DTYPES:
        return f"{str(tensor.dtype).removeprefix('torch.')} has no kernel"
    if tensor.dtype == torch.float16 and not _has_half():
        return "this processor does not convert float16"
    if tensor.is_neg() or tensor._is_zerotensor():
        return "it is not what its memory says"
    if not _dense(tensor):
        return "its elements have gaps between them, or overlap"
    return None


def _dense(tensor: Tensor) -> bool:
    """Whether the elements fill one stretch of memory, each in a place of its own."""
    if tensor.is_contiguous() or tensor.numel() == 0:
        return True
    expected = 1
    for stride, size in sorted(_strides(tensor)):
        if stride != expected:
            return False
        expected *= size
    return True


def _strides(tensor: Tensor) -> list[tuple[int, int]]:
    return [
        (stride, size)
        for stride, size in zip(tensor.stride(), tensor.shape, strict=True)
        if size != 1
    ]


def why_not_beside(param: Tensor, other: Tensor) -> str | None:
    """Why a gradient or a state can't be walked together with its parameter, or None."""
    reason = why_not(other)
    if reason:
        return reason
    if other.shape != param.shape or _strides(other) != _strides(param):
        return "it is laid out otherwise than its parameter"
    return None


class Batch:
    """Tensors that one kernel call updates.

    All parameters have the same dtype, and so have the first states, the second states, ...;
    `why_not` and `why_not_beside` have nothing against any of them, and each has a gradient.
    """

    def __init__(
        self, params: Sequence[Tensor], states: Sequence[dict[str, Any]], slots: Mapping[str, bool]
    ) -> None:
        """Take tensors.

        Args:
            params: the parameters.
            states: for each a dict with its states' tensors and its step, the same for all.
            slots: the names of the rule's states, and whether they are there.
        """
        self._names = ("param", "grad", *slots)
        kind = DTYPES[params[0].dtype]
        kinds = [DTYPES[states[0][name].dtype] if there else None for name, there in slots.items()]
        self._dtypes = (kind, kind, *kinds)  # a gradient has the dtype of its parameter
        self._sizes = [p.numel() for p in params]
        self._small = sum(self._sizes) < _SMALL
        self._threads = 0
        self._plan = (np.zeros((0, 3), np.int64), np.zeros(2, np.int64))
        self._survey = survey(params, states, [name for name, there in slots.items() if there])

    def ready(self) -> bool:
        """Look at all tensors again; whether they are still where and what they were.

        The gradients are held until `step` or `release`.
        """
        return self._survey.unchanged()

    def release(self) -> None:
        """Let the gradients go without a step."""
        self._survey.release(written=False)

    def step(self, recording: Recording, rule: Callable[..., Any]) -> None:
        """Update all tensors. Comes after `ready`."""
        key = (recording.lines, recording.outputs, self._names, self._dtypes)
        kernel = _kernels.get(key)
        if kernel is None:
            kernel = _kernels[key] = _make(recording, self._names, self._dtypes, rule)
        threads = 1 if self._small or _alone.is_set() else torch.get_num_threads()
        if threads != self._threads:
            self._threads = threads
            self._plan = share(self._sizes, threads)
        numbers = np.array(recording.numbers, np.float64)
        try:
            if threads == 1:
                kernel.serial(self._survey.address, numbers, *self._plan)
            else:
                # Not every threading layer lets two Python threads in at once.
                with _launching:
                    kernel.parallel(self._survey.address, numbers, *self._plan)
        finally:
            self._survey.release(written=True)


def share(sizes: Sequence[int], threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut tensors into pieces so that every thread gets as many elements as the others.

    Returns:
        The pieces, rows of (tensor, start, count), and where each thread's rows begin (one
        more entry than threads).

    >>> pieces, spans = share([10_000, 2_000], threads=2)
    >>> pieces.tolist(), spans.tolist()
    ([[0, 0, 6016], [0, 6016, 3984], [1, 0, 2000]], [0, 1, 3])
    """
    quota = -(-sum(sizes) // threads)
    quota = max(_GRAIN, -(-quota // _LINE) * _LINE)  # no two threads on one cache line
    pieces: list[tuple[int, int, int]] = []
    spans = [0]
    room = quota
    for tensor, size in enumerate(sizes):
        start = 0
        while start < size:
            count = min(room, size - start)
            pieces.append((tensor, start, count))
            start += count
            room -= count
            if room == 0:
                spans.append(len(pieces))
                room = quota
    if spans[-1] != len(pieces) or len(spans) == 1:
        spans.append(len(pieces))
    table = np.array(pieces, np.int64).reshape(-1, 3)
    return table, np.array(spans, np.int64)


_LINE = 64
_GRAIN = 4096
_SMALL = 16384
"""Below this many elements, waking a second thread costs more than it saves."""


def _make(
    recording: Recording,
    names: Sequence[str],
    dtypes: Sequence[str | None],
    rule: Callable[..., Any],
) -> Any:
    source = print_kernel(recording, names, dtypes, rule=rule, version=__version__)
    return kernels.load(rule.__name__, source)


def source(rule: Rule, dtype: str = "float32", **hypers: Any) -> str:
    """The text of a rule's kernel, for people.

    Args:
        rule: as `thalweg.rules.find` gives it.
        dtype: of the parameters and states.
        **hypers: where they differ from the defaults.

    Raises:
        ValueError: no kernel for this dtype, or a hyper-parameter outside its range.
    """
    if dtype not in DTYPES.values():
        raise ValueError(f"no kernel for dtype {dtype!r}; there are {', '.join(DTYPES.values())}")
    values = {**rule.defaults, **hypers}
    rule.check(values)
    there = [slot.exists(values) for slot in rule.slots]
    step = Step(1000)  # past the first steps, where a rule may be another one
    numbers = {**values, **rule.starts(values)}
    recording = record(rule.function, [True, True, *there], step=step, **numbers)
    names = ["param", "grad", *(slot.name for slot in rule.slots)]
    dtypes = [dtype, dtype, *(dtype if t else None for t in there)]
    return print_kernel(recording, names, dtypes, rule=rule.function, version=__version__)


def prepare() -> None:
    """Do what the first step would otherwise wait for: import Numba and wake its compiler."""
    survey([], [], [])
