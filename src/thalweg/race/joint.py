"""A joint step: many optimizers of one rule, each at settings of its own, in one kernel call.

A kernel takes its numbers as arguments, a row for each tensor, so tensors of runs that have other
learning rates can go through it together. Runs whose rule branched otherwise, or that keep other
states, need another kernel, and go together among themselves.

What a step computes is what the optimizers would compute by themselves, bit for bit: the same
kernels go over the same tensors with the same numbers. Saved are the 30 µs that each would take to
look at its tensors and to start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np

from thalweg.engines import cpu, drive
from thalweg.engines.program import Program
from thalweg.engines.tape import record
from thalweg.optim import RuleOptimizer, keeping
from thalweg.optim.around import before
from thalweg.optim.group import flat, resolve
from thalweg.optim.lot import Lot, sort
from thalweg.rules.fading import Step


class JointStep:
    """Optimizers that step together; one that has no kernel steps by itself.

    Their parameters' gradients must be there, and stay in the tensors in which they are now. From
    here on, an optimizer is stepped by nobody else; of its `state`, the tensors are right, while
    the count of steps may stay behind.

    Args:
        optimizers: of one rule, each with one group.
    """

    def __init__(self, optimizers: Iterable[RuleOptimizer]) -> None:
        self._alone: list[RuleOptimizer] = []
        self._seats: list[_Seat] = []
        self._crews: list[_Crew] = []
        self._settled = False
        for optimizer in optimizers:
            lot = _joins(optimizer)
            if lot is None:
                self._alone.append(optimizer)
            else:
                self._seats.append(_Seat(optimizer, lot))

    @property
    def alone(self) -> int:
        """How many optimizers step by themselves, for want of a kernel."""
        return len(self._alone)

    def step(self) -> None:
        """Take one step of each."""
        for seat in self._seats:
            self._settled &= seat.begin()
        if not self._settled:
            self._settle()
        for crew in self._crews:
            crew.run()
        for seat in self._seats:
            seat.end()
        for optimizer in self._alone:
            optimizer.step()

    def leave(self, optimizers: Iterable[RuleOptimizer]) -> None:
        """Step these no more; the tensors of the others may have moved meanwhile."""
        gone = {id(optimizer) for optimizer in optimizers}
        self._alone = [one for one in self._alone if id(one) not in gone]
        self._seats = [seat for seat in self._seats if id(seat.optimizer) not in gone]
        self._settled = False

    def _settle(self) -> None:
        """Seat those together that have the same kernels."""
        crews: dict[tuple[int, ...], list[_Seat]] = {}
        for seat in self._seats:
            crews.setdefault(tuple(seat.kernels), []).append(seat)
        self._crews = [_Crew(seats) for seats in crews.values()]
        self._settled = True


def _joins(optimizer: RuleOptimizer) -> Lot | None:
    """The tensors of an optimizer that can join, with their states made; None if it can't."""
    (group,) = optimizer.param_groups
    # What is counted or cleared beside the rule is done by each optimizer for itself.
    if flat(optimizer.whole, group)["clip_norm"] is not None or group["watch"]:
        return None
    if group["clear_grads"] or group["differentiable"]:
        return None
    lots = sort(optimizer.whole, group, optimizer.state, 0)
    return lots[0] if len(lots) == 1 and lots[0].engine == "cpu" else None


class _Seat:
    """An optimizer's place: it computes the numbers of its steps, and leaves arrays to the crew.

    To the lot it stands where a `cpu.Batch` would, and is told what that would be told.
    """

    def __init__(self, optimizer: RuleOptimizer, lot: Lot) -> None:
        self.optimizer, self.lot = optimizer, lot
        self.rows = len(lot.params)
        self.sizes = np.array([param.numel() for param in lot.params], np.int64)
        self.program: Program | None = None
        self.kernels: list[int] = []
        self.step = 0
        self._known: Any = None
        self._names: list[str] = []
        self._inputs: list[float] = []
        self._count: int | None = None
        self._call: tuple[Callable[..., Any], Sequence[bool], Mapping[str, Any]] | None = None
        (self._group,) = optimizer.param_groups
        # Where nothing has a schedule, steps differ by their count and by what the rule carries.
        self._steady = not self._group.get("schedules")
        lot.batch = cast(cpu.Batch, self)

    def begin(self) -> bool:
        """Compute the numbers of the next step; whether the kernels are those of the last."""
        last = self.kernels
        if self._steady and self.step:
            self.step += 1
            self._go_on()
        else:
            rule = self.optimizer.whole
            hypers = resolve(rule, self._group, self.lot.step)
            update = before(rule.function, scaled=False, maximize=self._group["maximize"])
            self.lot.start(update, hypers, 1.0, differentiable=False)
        return self.kernels is last

    def _go_on(self) -> None:
        assert self._call is not None
        assert self.program is not None
        if self._count is not None:
            self._inputs[self._count] = self.step
        if self._known is None or not self.program.start(self._inputs):
            update, present, fixed = self._call
            numbers: dict[str, Any] = dict(zip(self._names, self._inputs, strict=True))
            if self._count is not None:
                numbers["step"] = Step(self.step)
            self._record(update, self.lot.rule.function, present, numbers, {}, fixed)

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
        """See `cpu.Batch.start`; the lot calls this."""
        self.step = step
        self._names, self._inputs = list(numbers), [*numbers.values()]
        self._count = self._names.index("step") if "step" in numbers else None
        self._call = update, present, fixed
        known = (update, fixed, tuple(products))
        inputs = [*self._inputs, *products.values()]
        if self.program is None or known != self._known or not self.program.start(inputs):
            self._record(update, rule, present, numbers, products, fixed)

    def _record(
        self,
        update: Callable[..., Any],
        rule: Callable[..., Any],
        present: Sequence[bool],
        numbers: Mapping[str, float],
        products: Mapping[str, float],
        fixed: Mapping[str, Any],
    ) -> None:
        recording = record(update, present, numbers, products, **fixed)
        self.kernels = cpu._find(recording, self.lot.layout, rule)
        self.program = Program(recording, self.sizes)
        self._known = (update, fixed, tuple(products)) if recording.lasting else None
        self.program.start([*numbers.values(), *products.values()])

    def proceed(self, stage: int, shares: np.ndarray) -> None:
        """Take the sums of a stage, a row for each tensor, and compute what waits for them."""
        assert self.program is not None
        for place, total in self.program.waits[stage]:
            # A total over all tensors is one over this optimizer's.
            found = shares[:, place]
            self.program.sums[:, place] = found if total is None else float(found.sum())
        self.program.proceed(stage + 1)

    def end(self) -> None:
        """The step is taken."""
        carried = self.lot.rule.carried
        if not self._steady or self.step == 1:
            self.lot.finish(())
        elif not carried:
            return
        assert self.program is not None
        for name, value in zip(carried, self.program.carried(), strict=False):
            self._inputs[self._names.index(name)] = value

    def finish(self) -> tuple[float, ...]:
        """See `cpu.Batch.finish`; the lot calls this."""
        assert self.program is not None
        return self.program.carried()


class _Crew:
    """Seats whose tensors one kernel goes over."""

    def __init__(self, seats: list[_Seat]) -> None:
        self._seats = seats
        lots = [seat.lot for seat in seats]
        ends = np.cumsum([0, *(seat.rows for seat in seats)])
        self._spans = [slice(a, b) for a, b in pairwise(ends.tolist())]
        self._address = np.array([row for lot in lots for row in _addresses(lot)], np.int64)
        self._keys = np.array([key for lot in lots for key in lot.keys], np.int64)
        sizes = np.concatenate([seat.sizes for seat in seats])
        self._pieces, self._all = cpu.share(sizes, threads=1)
        program = seats[0].program
        assert program is not None
        self._depth = program.recording.depth
        self._numbers = np.zeros((len(sizes), program.arguments.shape[1]))
        self._found = np.zeros((len(self._pieces), len(program.recording.sums)))

    def run(self) -> None:
        """Go over all tensors, as often as the rule asks for sums, and write."""
        for stage in range(self._depth):
            for seat, rows in zip(self._seats, self._spans, strict=True):
                assert seat.program is not None
                self._numbers[rows] = seat.program.arguments
            drive.serial(
                self._seats[0].kernels[stage],
                self._address,
                self._numbers,
                self._keys,
                self._seats[0].step,
                self._found,
                self._pieces,
                self._all,
            )
            if stage < self._depth - 1:
                shares = np.zeros((len(self._numbers), self._found.shape[1]))
                drive.gather(self._found, self._pieces, shares)
                for seat, rows in zip(self._seats, self._spans, strict=True):
                    seat.proceed(stage, shares[rows])


def _addresses(lot: Lot) -> list[list[int]]:
    """Where each parameter, its gradient and its states lie, as kernels want them."""
    found: list[list[int]] = []
    columns = keeping.columns(lot.layout)
    for param, state in zip(lot.params, lot.states, strict=True):
        assert param.grad is not None
        tensors = (param, param.grad, *(state[name] for name in columns))
        found.append([tensor.data_ptr() for tensor in tensors])
    return found
