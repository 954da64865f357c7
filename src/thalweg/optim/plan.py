"""The plan: what runs where, why, and at what price, before anything is allocated."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from torch import Tensor

from thalweg.engines import cpu
from thalweg.engines.layout import Layout, bytes_of
from thalweg.engines.printer import traffic
from thalweg.optim import keeping
from thalweg.optim.choice import choose, overlapping, reason
from thalweg.optim.group import flat
from thalweg.rules import Rule


@dataclass(frozen=True)
class Row:
    """Tensors of one group that are treated alike.

    Attributes:
        group: the index of the parameter group.
        engine: who updates them.
        why: why not the fastest engine or not in one trip, and what eight bits lose; else empty.
        dtype: of the parameters.
        tensors: how many.
        numbers: how many elements they have together.
        state_bytes: bytes of state that the rule keeps for them.
        traffic: bytes that a step reads and writes; the least possible, for the cpu engine, and
            an estimate for others, which make a trip for each operation.
    """

    group: int
    engine: str
    why: str
    dtype: str
    tensors: int
    numbers: int
    state_bytes: int
    traffic: int


@dataclass(frozen=True)
class Plan:
    """What the next steps will do; prints as a table."""

    rule: str
    rows: tuple[Row, ...]

    @property
    def state_bytes(self) -> int:
        """Bytes of state in all."""
        return sum(row.state_bytes for row in self.rows)

    @property
    def traffic(self) -> int:
        """Bytes that a step reads and writes in all."""
        return sum(row.traffic for row in self.rows)

    def __str__(self) -> str:
        head = ("group", "engine", "dtype", "tensors", "numbers", "state", "a step moves", "why")
        body = [
            (
                str(r.group),
                r.engine,
                r.dtype,
                f"{r.tensors:,}",
                f"{r.numbers:,}",
                _size(r.state_bytes),
                _size(r.traffic),
                r.why or "one trip through memory",
            )
            for r in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (head, *body)
        ]
        total = f"{self.rule}: {_size(self.state_bytes)} of state, {_size(self.traffic)} a step"
        return "\n".join([*lines, total])


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"


def plan(
    rule: Rule, groups: Sequence[Mapping[str, Any]], state: Mapping[Tensor, Mapping[str, Any]]
) -> Plan:
    """The plan for an optimizer's groups; allocates no state."""
    rows: dict[Any, list[tuple[int, float, float, int, int]]] = {}
    for number, group in enumerate(groups):
        hypers = flat(rule, group)
        shared = overlapping(group["params"])
        for index, param in enumerate(group["params"]):
            if not param.requires_grad and param.grad is None:
                continue
            own = state.get(param, {})
            tensors = [own[s.name] for s in rule.slots if isinstance(own.get(s.name), Tensor)]
            layout = keeping.layout(rule, param, own, group, ahead=True)
            factored = keeping.factored(rule, layout)
            why = reason(param, tensors, overlaps=index in shared, factored=factored)
            engine = choose(rule, group["engine"], why, index)
            said = (why or "") if engine != "cpu" else ""
            if engine != "cpu" and not why:
                said = f"engine={engine!r} was asked for"
            kept = param.element_size() * param.numel() if layout.rests else 0.0
            for slot, kind in zip(rule.slots, layout.kinds[2:], strict=True):
                if kind is not None:
                    kept += bytes_of(kind) * math.prod(slot.shape(tuple(param.shape)))
            moved, trips = _moved(rule, layout, tuple(hypers.items()))
            if engine == "cpu" and trips > 1:
                said = f"{trips} trips through memory: its sums must be known first"
            lost, blocks = keeping.lost_blocks(rule, param, own, layout)
            key = (number, engine, said, str(param.dtype).removeprefix("torch."))
            size = param.numel()
            rows.setdefault(key, []).append((size, kept, moved * size, lost, blocks))
    return Plan(rule.name, tuple(_row(key, found) for key, found in rows.items()))


@cache
def _moved(rule: Rule, layout: Layout, hypers: tuple[tuple[str, Any], ...]) -> tuple[float, int]:
    """Bytes that a step reads and writes for each element, and in how many trips."""
    values = dict(hypers)
    recording = cpu.record_rule(rule, keeping.recorded(rule, layout, values), values)
    return traffic(recording, layout), recording.depth


def _row(key: tuple[int, str, str, str], found: list[tuple[int, float, float, int, int]]) -> Row:
    numbers, state_bytes, moved, lost, blocks = (sum(column) for column in zip(*found, strict=True))
    group, engine, why, dtype = key
    if lost:
        note = f"in {lost:,} of {blocks:,} blocks most values are below one step of int8"
        why = f"{why}; {note}" if why else note
    return Row(group, engine, why, dtype, len(found), int(numbers), int(state_bytes), int(moved))
