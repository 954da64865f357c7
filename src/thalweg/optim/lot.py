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
from thalweg.optim.group import flat
from thalweg.rules import Rule, Slot
from thalweg.rules.fading import Fading, Step

State = dict[str, Any]


@dataclass
class Lot:
    """Tensors that share engine, step and carried numbers.

    Attributes:
        engine: "cpu", "eager" or "oracle".
        params: the parameters.
        states: their state dicts, as in the optimizer's `state`.
        slots: the states that the rule keeps of them.
        tensors: for each slot, the tensors, in the order of the parameters.
        step: how many steps they have taken.
        carried: the rule's carried numbers.
        products: the running products of decays that have changed.
        batch: the tensors as the cpu engine holds them.
    """

    engine: str
    slots: tuple[Slot | None, ...]
    step: int
    carried: dict[str, float]
    products: dict[str, float]
    params: list[Tensor] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    tensors: list[list[Tensor]] = field(default_factory=list)
    batch: cpu.Batch | None = None

    def ready(self) -> bool:
        """Whether all tensors are still what they were; the cpu engine looks for itself."""
        for slot, tensors in zip(filter(None, self.slots), self.tensors, strict=True):
            # A state that someone deleted is a KeyError here, as it is in torch.
            if not all(map(is_, map(itemgetter(slot.name), self.states), tensors)):
                return False
        if self.batch is not None:
            return self.batch.ready()
        return all(p.grad is not None for p in self.params)

    def release(self) -> None:
        """Undo `ready`, where no step follows."""
        if self.batch is not None:
            self.batch.release()

    def advance(self, rule: Rule, update: Callable[..., Any], hypers: dict[str, Any]) -> None:
        """Take one step with `update`, which is the rule and what comes before it."""
        numbers = {**hypers, **self.carried}
        for name, product in self.products.items():
            numbers[name] = Fading(hypers[name], step=self.step + 1, product=product)
        numbers["step"] = Step(self.step + 1)
        if self.batch is not None:
            present = [True, True, *(slot is not None for slot in self.slots)]
            recording = record(update, present, **numbers)
            self.batch.step(recording, rule.function)
            carried = recording.carried
        else:
            carried = self._one_by_one(rule, update, hypers, numbers)
        self.step += 1
        self.carried = dict(zip(self.carried, carried, strict=True))
        for state in self.states:
            state["step"] = self.step
        if self.carried or self.products:
            news = {**self.carried, **{f"{n}_product": v for n, v in self.products.items()}}
            for state in self.states:
                state.update(news)

    def _one_by_one(
        self,
        rule: Rule,
        update: Callable[..., Any],
        hypers: Mapping[str, Any],
        numbers: Mapping[str, Any],
    ) -> tuple[float, ...]:
        apply = oracle.apply if self.engine == "oracle" else eager.apply
        carried: tuple[float, ...] = tuple(self.carried.values())
        for row, param in enumerate(self.params):
            grad = param.grad
            assert grad is not None
            if grad.layout != torch.strided:
                grad = _densify(rule, grad, hypers)
            own = iter(self.tensors)
            states = [None if slot is None else next(own)[row] for slot in self.slots]
            carried = apply(update, param, grad, states, **numbers)
        return carried


def _densify(rule: Rule, grad: Tensor, hypers: Mapping[str, Any]) -> Tensor:
    if rule.accepts_sparse(hypers):
        return grad.to_dense()
    raise RuntimeError(
        f"{rule.name}: a sparse gradient leaves out rows that this rule would still move "
        "(by momentum or decay); use SGD, Adagrad or SparseAdam, or give it grad.to_dense()"
    )


def sort(
    rule: Rule, group: Mapping[str, Any], state: Mapping[Tensor, State], engine: str
) -> list[Lot]:
    """The lots of a group's parameters that have gradients, with their states made if need be."""
    lots: dict[Any, Lot] = {}
    hypers = flat(rule, group)
    scheduled = group.get("schedules", {})
    members = [p for p in group["params"] if p.grad is not None]
    shared = overlapping(members)
    for index, param in enumerate(members):
        own = state[param]
        start(rule, param, own, hypers, scheduled)
        slots = tuple(s if isinstance(own.get(s.name), Tensor) else None for s in rule.slots)
        tensors = [own[s.name] for s in slots if s is not None]
        why = reason(param, tensors, overlaps=index in shared)
        chosen = choose(rule, engine, why, index)
        carried = {name: own[name] for name in rule.carried}
        products = {n: own[f"{n}_product"] for n in rule.decays if f"{n}_product" in own}
        dtypes = tuple(t.dtype for t in (param, *tensors)) if chosen == "cpu" else ()
        key = (chosen, slots, dtypes, own["step"], *carried.values(), *products.items())
        lot = lots.get(key)
        if lot is None:
            lot = lots[key] = Lot(chosen, slots, own["step"], carried, products)
            lot.tensors = [[] for _ in tensors]
        lot.params.append(param)
        lot.states.append(own)
        for column, tensor in zip(lot.tensors, tensors, strict=True):
            column.append(tensor)
    for lot in lots.values():
        if lot.engine == "cpu":
            names = ["param", "grad", *(s.name for s in rule.slots)]
            present = [True, True, *(s is not None for s in lot.slots)]
            lot.batch = cpu.Batch(names, present, [lot.params, *lot.tensors])
    return list(lots.values())


def start(
    rule: Rule, param: Tensor, own: State, hypers: Mapping[str, Any], scheduled: Mapping[str, Any]
) -> None:
    """Give a parameter the states that it lacks, at their start."""
    if "step" not in own:
        own["step"] = 0
    for slot in rule.slots:
        if isinstance(own.get(slot.name), Tensor):
            continue
        # A momentum that starts at 0 and is on its way up needs its buffer from the first step.
        if slot.exists(hypers) or slot.state.when in scheduled:
            own[slot.name] = torch.full_like(
                param,
                slot.start(hypers),
                memory_format=torch.preserve_format,
                requires_grad=False,
            )
    for name, value in rule.carried.items():
        own.setdefault(name, value)


def reason(param: Tensor, states: list[Tensor], *, overlaps: bool) -> str | None:
    """Why the cpu engine can't update this parameter, or None if it can."""
    if overlaps:
        return "it shares memory with another parameter of its group"
    grad = param.grad
    others = [("its gradient", grad)] if grad is not None else []
    others += [("a state", state) for state in states]
    why = cpu.why_not(param)
    for name, tensor in others:
        other = None if why else cpu.why_not_beside(param, tensor)
        why = why or (other and f"{name}: {other}")
    return why


def choose(rule: Rule, engine: str, why: str | None, index: int) -> str:
    """The engine for a parameter: the one asked for, or the fastest that can.

    Raises:
        RuntimeError: the one asked for can't; the line says why.
    """
    if engine == "auto":
        return "eager" if why else "cpu"
    if engine == "cpu" and why:
        raise RuntimeError(
            f"{rule.name}: engine='cpu' can't update parameter {index}: {why}; engine='auto' can"
        )
    return engine


def overlapping(params: list[Tensor]) -> set[int]:
    """The indices of dense parameters on the CPU that share memory: they must take turns."""
    spans = sorted(
        (p.data_ptr(), p.data_ptr() + p.numel() * p.element_size(), i)
        for i, p in enumerate(params)
        if cpu.why_not(p) is None and p.numel()
    )
    found: set[int] = set()
    reach, holder = -1, -1
    for low, high, index in spans:
        if low < reach:
            found |= {index, holder}
        if high > reach:
            reach, holder = high, index
    return found
