"""Lots: the tensors of a group, sorted by who updates them and how far they are.

Most groups are one lot. Tensors whose first gradient came later are a step behind and are a lot of
their own, as are those that another engine must update. A lot stands until something about its
tensors changes; then the group is sorted anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import is_, itemgetter
from typing import Any

import torch
from torch import Tensor

from thalweg.engines import cpu, eager, oracle
from thalweg.engines.tape import record
from thalweg.optim.choice import choose, overlapping, reason
from thalweg.optim.group import flat
from thalweg.rules import Rule, Slot
from thalweg.rules.fading import Fading, Step

State = dict[str, Any]


@dataclass
class Lot:
    """Tensors that share engine, step and carried numbers.

    Attributes:
        engine: "cpu", "eager" or "oracle".
        slots: the states that the rule keeps of them; None for those that are not there.
        decays: for each decay of the rule, the last value used, the product of all, and whether
            it ever changed. All members' states share this dict.
        turn: 0, or how often the same parameters came before in their group.
        params: the parameters.
        states: their state dicts, as in the optimizer's `state`.
        tensors: for each slot that is there, the tensors, in the order of the parameters.
        layouts: of the gradients, for the engines that take any.
        batch: the tensors as the cpu engine holds them.
    """

    engine: str
    slots: tuple[Slot | None, ...]
    decays: dict[str, tuple[float, float, bool]]
    turn: int
    params: list[Tensor] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    tensors: list[list[Tensor]] = field(default_factory=list)
    layouts: list[torch.layout] = field(default_factory=list)
    batch: cpu.Batch | None = None

    @property
    def step(self) -> int:
        """How many steps they have taken."""
        return self.states[0]["step"]

    def ready(self) -> bool:
        """Whether all tensors are still what they were; the cpu engine looks for itself."""
        if self.batch is not None:
            return self.batch.ready()
        if [state["step"] for state in self.states] != [self.step] * len(self.states):
            return False
        for slot, tensors in zip(filter(None, self.slots), self.tensors, strict=True):
            # A state that someone deleted is a KeyError here, as it is in torch.
            if not all(map(is_, map(itemgetter(slot.name), self.states), tensors)):
                return False
        return [p.grad.layout if p.grad is not None else None for p in self.params] == self.layouts

    def release(self) -> None:
        """Undo `ready`, where no step follows."""
        if self.batch is not None:
            self.batch.release()

    def advance(self, rule: Rule, update: Callable[..., Any], hypers: Mapping[str, Any]) -> None:
        """Take one step with `update`, which is the rule and what comes before it."""
        step = self.step + 1
        numbers = {**hypers, **{name: self.states[0][name] for name in rule.carried}}
        decays = {}
        for name, (used, product, changed) in self.decays.items():
            now = hypers[name]
            changed = changed or (step > 1 and now != used)
            decays[name] = (now, product * now, changed)
            if changed:
                numbers[name] = Fading(now, step=step, product=product * now)
        if rule.counts:
            numbers["step"] = Step(step)
        if self.batch is not None:
            present = [True, True, *(slot is not None for slot in self.slots)]
            recording = record(update, present, **numbers)
            self.batch.step(recording, rule.function)
            carried = recording.carried
        else:
            carried = self._one_by_one(update, numbers)
        self.decays.update(decays)  # only now: a step that failed is no step
        for state in self.states:
            state["step"] = step
        if rule.carried:
            news = dict(zip(rule.carried, carried, strict=True))
            for state in self.states:
                state.update(news)

    def _one_by_one(
        self, update: Callable[..., Any], numbers: Mapping[str, Any]
    ) -> tuple[float, ...]:
        apply = oracle.apply if self.engine == "oracle" else eager.apply
        carried: tuple[float, ...] = ()
        for row, param in enumerate(self.params):
            grad = param.grad
            assert grad is not None
            own = iter(self.tensors)
            states = [None if slot is None else next(own)[row] for slot in self.slots]
            dense = grad if grad.layout == torch.strided else grad.to_dense()
            carried = apply(update, param, dense, states, **numbers)
        return carried


def sort(rule: Rule, group: Mapping[str, Any], state: Mapping[Tensor, State]) -> list[Lot]:
    """The lots of a group's parameters that have gradients, with their states made if need be.

    Raises:
        RuntimeError: a gradient or an engine that this rule can't work with; nothing has moved.
    """
    lots: dict[Any, Lot] = {}
    hypers = flat(rule, group)
    members = [p for p in group["params"] if p.grad is not None]
    shared = overlapping(members)
    turns: dict[int, int] = {}
    for index, param in enumerate(members):
        own = state[param]
        refuse_sparse(rule, param, hypers)
        start(rule, param, own, hypers, group.get("schedules", {}))
        slots = tuple(s if isinstance(own.get(s.name), Tensor) else None for s in rule.slots)
        tensors = [own[s.name] for s in slots if s is not None]
        why = reason(param, tensors, overlaps=index in shared)
        chosen = choose(rule, group["engine"], why, index)
        # Torch steps a parameter that was given twice twice; the second time is another lot.
        turn = turns[id(param)] = turns.get(id(param), -1) + 1
        dtypes = tuple(t.dtype for t in (param, *tensors)) if chosen == "cpu" else ()
        numbers = [own[name] for name in ("step", *rule.carried)]
        key = (chosen, slots, dtypes, turn, *numbers, *own["decays"].items())
        lot = lots.get(key)
        if lot is None:
            # With its first turn's dict, a second turn goes on where the first left off.
            decays = own["decays"] if turn else dict(own["decays"])
            lot = lots[key] = Lot(chosen, slots, decays, turn, tensors=[[] for _ in tensors])
        own["decays"] = lot.decays
        lot.params.append(param)
        lot.states.append(own)
        lot.layouts.append(param.grad.layout)
        for column, tensor in zip(lot.tensors, tensors, strict=True):
            column.append(tensor)
    for lot in lots.values():
        if lot.engine == "cpu":
            kept = {
                slot.name: there is not None
                for slot, there in zip(rule.slots, lot.slots, strict=True)
            }
            lot.batch = cpu.Batch(lot.params, lot.states, kept)
    return list(lots.values())


def start(
    rule: Rule, param: Tensor, own: State, hypers: Mapping[str, Any], scheduled: Mapping[str, Any]
) -> None:
    """Give a parameter the states that it lacks, at their start."""
    own.setdefault("step", 0)
    if "decays" not in own:
        step = own["step"]
        own["decays"] = {n: (hypers[n], hypers[n] ** step, False) for n in rule.decays}
    for slot in rule.slots:
        if isinstance(own.get(slot.name), Tensor):
            continue
        # A momentum that starts at 0 and is on its way up needs its buffer from the first step.
        if slot.exists(hypers) or slot.state.when in scheduled:
            own[slot.name] = _first(param, slot.start(hypers))
    for name, value in rule.starts(hypers).items():
        own.setdefault(name, value)


def _first(param: Tensor, value: float | None) -> Tensor:
    if value is None:
        return param.detach().clone(memory_format=torch.preserve_format)
    return torch.full_like(
        param,
        complex(value, value) if param.is_complex() else value,
        memory_format=torch.preserve_format,
        requires_grad=False,
    )


def refuse_sparse(rule: Rule, param: Tensor, hypers: Mapping[str, Any]) -> None:
    """Refuse a sparse gradient where rows that it leaves out would move all the same."""
    grad = param.grad
    if grad is not None and grad.layout != torch.strided and not rule.accepts_sparse(hypers):
        raise RuntimeError(
            f"{rule.name}: a sparse gradient leaves out rows that this rule would still move "
            "(by momentum or decay); use SGD, Adagrad or SparseAdam, or give it grad.to_dense()"
        )


@dataclass
class Lots:
    """A group's lots, and what of the group they were made from.

    Attributes:
        lots: of the parameters that have gradients.
        params: all of the group's.
        states: all of the optimizer's state dicts.
        idle: the parameters without gradients.
        idle_step: how many steps the furthest of those has taken.
        mode: the settings that decide on states and engine.
    """

    params: list[Tensor]
    states: list[Any]
    idle: list[Tensor]
    idle_step: int
    mode: tuple[Any, ...]
    lots: list[Lot]

    @classmethod
    def of(cls, rule: Rule, group: Any, state: Any, lots: list[Lot]) -> "Lots":
        """Remember the group as it is now."""
        idle = [p for p in group["params"] if p.grad is None]
        steps = [state[p].get("step", 0) for p in idle if p in state]
        mode = _mode(rule, group)
        return cls(
            list(group["params"]), list(state.values()), idle, max(steps, default=0), mode, lots
        )

    def holds(self, rule: Rule, group: Any, state: Any) -> bool:
        """Whether all is as it was; then the gradients are held until each lot's step."""
        if not (
            _same(self.params, group["params"])
            and _same(self.states, state.values())
            and self.mode == _mode(rule, group)
            and all(p.grad is None for p in self.idle)
        ):
            return False
        for number, lot in enumerate(self.lots):
            if not lot.ready():
                for looked in self.lots[: number + 1]:
                    looked.release()
                return False
        return True


def _same(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(map(is_, one, other))


def _mode(rule: Rule, group: Any) -> tuple[Any, ...]:
    """What of a group's settings decides which states there are and who does the arithmetic."""
    whens = (slot.state.when for slot in rule.slots)
    return group["engine"], *(bool(group[when]) for when in whens if when)
