"""The cpu engine: one kernel call for all tensors of a lot, one trip through memory.

The rule's tape is printed for Numba and compiled once. At each step the kernel gets the addresses
of all tensors and the step's numbers, and every core walks its share of the elements: a parameter
with its gradient and states is read once and written once, however many operations the rule has.
Elements do not know each other, so the result does not depend on the number of threads.
"""

import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from thalweg.engines import kernels
from thalweg.engines.layout import PIECE, WATCHED, Layout
from thalweg.engines.printer import print_kernel
from thalweg.engines.recording import Recording
from thalweg.engines.survey import survey
from thalweg.engines.tape import record
from thalweg.rules import Rule
from thalweg.rules.fading import Step
from thalweg.version import __version__

if TYPE_CHECKING:
    from thalweg.engines.program import Program

DTYPES = {
    torch.float32: "float32",
    torch.float64: "float64",
    torch.bfloat16: "bfloat16",
    torch.float16: "float16",
}

_kernels: dict[Any, Any] = {}
_launching = threading.Lock()
_started = threading.Event()
"""Set once the kernels' threads run."""
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


def why_not(tensor: Tensor, dtypes: Collection[torch.dtype] = DTYPES) -> str | None:
    """Why a tensor can't be read and written by this engine, or None if it can."""
    if type(tensor) not in (Tensor, torch.nn.Parameter):
        return f"a {type(tensor).__name__} has its own arithmetic"
    if tensor.device.type != "cpu":
        return f"it lies on {tensor.device}"
    if tensor.layout != torch.strided:
        return f"its layout is {str(tensor.layout).removeprefix('torch.')}"
    if tensor.dtype not in dtypes:
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
    reason = why_not(other, (*DTYPES, torch.int8, torch.uint8))
    if reason:
        return reason
    if other.shape != param.shape or _strides(other) != _strides(param):
        return "it is laid out otherwise than its parameter"
    return None


class Batch:
    """Tensors that one kernel call updates.

    All parameters are stored alike, and so are the first states, the second states, ...;
    `why_not` and `why_not_beside` have nothing against any of them, and each has a gradient.
    """

    def __init__(
        self,
        params: Sequence[Tensor],
        states: Sequence[dict[str, Any]],
        layout: Layout,
        columns: Sequence[str],
        keys: Sequence[int],
    ) -> None:
        """Take tensors.

        Args:
            params: the parameters.
            states: for each a dict with its states' tensors and its step, the same for all.
            layout: how they are stored.
            columns: the names of the tensors in `states` that a kernel touches, as they follow
                the parameter and its gradient in the table of addresses.
            keys: a number for each parameter, by which noise tells them apart.
        """
        self._params, self._layout = params, layout
        self._sizes = np.array([p.numel() for p in params], np.int64)
        self._small = self._sizes.sum() < _SMALL
        self._threads = 0
        self._pieces = np.zeros((0, 3), np.int64)
        self._spans = np.zeros(2, np.int64)
        self._keys = np.array(keys, np.int64)
        self._survey = survey(params, states, columns)
        self._known: Any = None
        self._program: Program | None = None
        self._kernels: list[int] = []
        self._found = self._shares = np.zeros((0, 0))
        self._stage, self._looked = 0, False
        self._step = 0

    def ready(self) -> bool:
        """Look at all tensors again; whether they are still where and what they were.

        The gradients are held until `finish` or `release`.
        """
        return self._survey.unchanged()

    def release(self) -> None:
        """Let the gradients go without a step."""
        self._survey.release(written=False)

    def start(
        self,
        update: Callable[..., Any],
        rule: Callable[..., Any],
        present: Sequence[bool],
        numbers: Mapping[str, float],
        products: Mapping[str, float],
        fixed: Mapping[str, Any],
        step: int,
    ) -> None:
        """Begin a step: compute its numbers, and call the rule if it has not been called so yet.

        Args:
            update: the rule, and what comes before and after it.
            rule: the rule alone, for the kernel's name.
            present: whether the parameter, the gradient and each state is there.
            numbers: see `record`.
            products: see `record`.
            fixed: see `record`.
            step: the number of this step, for noise.
        """
        inputs = [*numbers.values(), *products.values()]
        known = (update, fixed, tuple(products))
        program = self._program
        if program is None or known != self._known or not program.start(inputs):
            from thalweg.engines.program import Program  # Numba is dear to import

            recording = record(update, present, numbers, products, **fixed)
            self._kernels = _find(recording, self._layout, rule)
            program = self._program = Program(recording, self._sizes)
            self._known = known if recording.lasting else None
            program.start(inputs)
        self._step = step
        self._stage, self._looked = 0, False
        threads = 1 if self._small or _alone.is_set() else torch.get_num_threads()
        if threads != self._threads:
            self._threads = threads
            self._pieces, self._spans = share(self._sizes, threads)
        width = len(program.recording.sums) + (len(WATCHED) if self._layout.watch else 0)
        if self._found.shape != (len(self._pieces), width):
            self._found = np.zeros((len(self._pieces), width))

    def offer(self, known: Sequence[float]) -> dict[int, float]:
        """Go on as far as the known totals allow; this batch's share of those that it waits for.

        Args:
            known: totals over all tensors, in the order in which the rule asks for them.

        Returns:
            By their places in that order; none if nothing is missing to `finish`.
        """
        program = self._program
        assert program is not None
        recording = program.recording
        while self._stage < recording.depth - 1:
            if not self._looked:
                self._run()
                self._shares = np.zeros((len(self._sizes), self._found.shape[1]))
                _drive().gather(self._found, self._pieces, self._shares)
                self._looked = True
            waiting: dict[int, float] = {}
            for place, total in program.waits[self._stage]:
                if total is None:
                    program.sums[:, place] = self._shares[:, place]
                elif total < len(known):
                    program.sums[:, place] = known[total]
                else:
                    waiting[total] = float(self._shares[:, place].sum())
            if waiting:
                return waiting
            self._stage, self._looked = self._stage + 1, False
            program.proceed(self._stage)
        return {}

    def finish(self) -> tuple[float, ...]:
        """Write. Comes after `offer` has nothing more.

        Returns:
            The numbers that the rule carries.
        """
        assert self._program is not None
        try:
            self._run()
            if self._layout.clear:
                self._tell_of_cleared()
        finally:
            self._survey.release(written=True)
        return self._program.carried()

    def _tell_of_cleared(self) -> None:
        """Tell autograd that gradients were written."""
        grads = [p.grad for p in self._params if p.grad is not None]
        torch.autograd.graph.increment_version([g for g in grads if not g.is_inference()])

    def warm_up(self, program: "Program") -> None:
        """Have all compiled that steps nothing and starts no threads."""
        self._program, self._kernels, self._threads = program, [0], 1
        self._run()

    @property
    def watched(self) -> list[float]:
        """What the last step counted: see `layout.WATCHED`."""
        return self._found[:, -len(WATCHED) :].sum(axis=0).tolist()

    def _run(self) -> None:
        assert self._program is not None
        arguments = (
            self._kernels[self._stage],
            self._survey.address,
            self._program.arguments,
            self._keys,
            self._step,
            self._found,
            self._pieces,
            self._spans,
        )
        if self._threads == 1:
            _drive().serial(*arguments)
        else:
            _in_parallel(*arguments)


def share(sizes: Sequence[int] | np.ndarray, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut tensors into pieces and give every thread as many elements as the others.

    The pieces do not depend on the number of threads, so neither do their sums.

    Returns:
        The pieces, rows of (tensor, start, count), and where each thread's rows begin (one
        more entry than threads).

    >>> pieces, spans = share([40_000, 2_000], threads=2)
    >>> pieces.tolist(), spans.tolist()
    ([[0, 0, 16384], [0, 16384, 16384], [0, 32768, 7232], [1, 0, 2000]], [0, 1, 4])
    """
    pieces = [
        (tensor, start, min(PIECE, size - start))
        for tensor, size in enumerate(sizes)
        for start in range(0, size, PIECE)
    ]
    table = np.array(pieces, np.int64).reshape(-1, 3)
    # A thread's share begins with the piece that is nearest to its place among all elements.
    ends = np.concatenate([[0], np.cumsum(table[:, 2])])
    wanted = ends[-1] * np.arange(1, threads) / threads
    spans = [int(np.abs(ends - place).argmin()) for place in wanted]
    return table, np.array([0, *spans, len(table)], np.int64)


_SMALL = 16384
"""Below this many elements, waking a second thread costs more than it saves."""


def _find(recording: Recording, layout: Layout, rule: Callable[..., Any]) -> list[int]:
    """The addresses of a recording's kernels, printed and loaded if they are not yet."""
    tape = recording.lines, recording.stages, recording.sums, recording.outputs
    key = (tape, layout)
    found = _kernels.get(key)
    if found is None:
        text = print_kernel(recording, layout, rule=rule, version=__version__)
        module: Any = kernels.load(getattr(rule, "__name__", "rule"), text)
        pieces = [getattr(module, f"piece{stage}") for stage in range(recording.depth)]
        found = _kernels[key] = [piece.address for piece in pieces]
    return found


def _in_parallel(*arguments: Any) -> None:
    """Run a kernel by many threads."""
    # Not every threading layer lets two Python threads in at once.
    with _launching:
        if _started.is_set():
            _drive().parallel(*arguments)
            return
        # Numba starts its threads with the first call, and on the way tells OpenMP, which torch
        # uses too, that all of the processor is free: torch.set_num_threads(1) would be undone.
        before = torch.get_num_threads()
        _drive().parallel(*arguments)
        torch.set_num_threads(before)
        _started.set()


@cache
def _drive() -> Any:
    from thalweg.engines import drive  # Numba is dear to import

    return drive


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
    names = ("param", "grad", *(slot.name for slot in rule.slots))
    kinds = (dtype, dtype, *(dtype if t else None for t in there))
    recording = record_rule(rule, [True, True, *there], values)
    return print_kernel(recording, Layout(names, kinds), rule=rule.function, version=__version__)


def record_rule(rule: Rule, present: Sequence[bool], hypers: Mapping[str, Any]) -> Recording:
    """A recording of a rule past its first steps, where it may be another one."""
    numbers, fixed = sort_out({"step": Step(1000), **hypers, **rule.starts(hypers)})
    if not rule.counts:
        del numbers["step"]
    return record(rule.function, present, numbers, **fixed)


def sort_out(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The numbers among a rule's arguments, which may change from step to step, and the rest."""
    numbers: dict[str, Any] = {}
    fixed: dict[str, Any] = {}
    for name, value in values.items():
        (fixed if value.__class__ in _FIXED else numbers)[name] = value
    return numbers, fixed


_FIXED = (bool, str, type(None))


def prepare() -> None:
    """Do what the first step would otherwise wait for: import Numba and wake its compiler."""
    from thalweg.engines.program import Program

    survey([], [], [])
    program = Program(Recording(0), np.zeros(0, np.int64))
    program.start([])
    Batch([], [], Layout((), ()), [], []).warm_up(program)
