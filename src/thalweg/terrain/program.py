"""A program made of a tape, with memory of its own: nothing large is allocated while it runs.

Pieces of a megabyte come from the system anew at every call and are given back: to be filled with
zeros and entered in its tables costs more than the arithmetic that follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn

from thalweg.terrain.tape import record

LARGE = 1 << 14
"""Bytes from which on an output has memory of its own."""

_aten = torch.ops.aten
_IN_PLACE = {
    _aten.relu.default: _aten.relu_.default,
    _aten.tanh.default: _aten.tanh_.default,
    _aten.sigmoid.default: _aten.sigmoid_.default,
    _aten.gelu.default: _aten.gelu_.default,
    _aten.silu.default: _aten.silu_.default,
    _aten.neg.default: _aten.neg_.default,
}
_INTO = {
    _aten.mm.default: _aten.mm.out,
    _aten.bmm.default: _aten.bmm.out,
    _aten.add.Tensor: _aten.add.out,
    _aten._log_softmax.default: _aten._log_softmax.out,
    _aten.gather.default: _aten.gather.out,
    _aten.relu.default: _aten.relu.out,
    _aten.tanh.default: _aten.tanh.out,
}


@dataclass(frozen=True)
class Program:
    """What a function does, ready to be run again.

    Attributes:
        module: takes the input, the constants and the memory.
        constants: the same for every input.
        outputs: tensors of the shapes that the memory must have, without contents.
        device: where it is.
    """

    module: fx.GraphModule
    constants: list[Tensor]
    outputs: list[Tensor]
    device: torch.device

    def hand(self) -> Callable[[Tensor], Tensor]:
        """The program with memory of its own; one for each thread."""
        memory = [
            torch.empty_strided(one.shape, one.stride(), dtype=one.dtype, device=self.device)
            for one in self.outputs
        ]
        return partial(_run, self.module.forward, [*self.constants, *memory])


def write(function: Callable[[Tensor], Tensor], given: Tensor) -> Program:
    """Make a program of a function.

    Args:
        function: see `thalweg.terrain.tape.record`.
        given: an input; every later one must have its shape.

    Returns:
        The program; exactly what the function computes.

    Raises:
        RuntimeError: see `record`.

    Example:
        >>> double = write(lambda x: (x + x).relu(), torch.zeros(2)).hand()
        >>> double(torch.tensor([1.0, -1.0]))
        tensor([2., 0.])
    """
    tape = record(function, given)
    graph = tape.graph
    _drop_idle(graph)
    graph.eliminate_dead_code()
    outputs: list[Tensor] = []
    if not any(_mutates(node) for node in graph.nodes):
        _reuse(graph)
        outputs = _own_memory(graph, tape.last)
    outputs = [torch.empty_like(one, device="meta") for one in outputs]
    for node in graph.nodes:
        node.meta.clear()  # every intermediate result hangs there
    return Program(fx.GraphModule(nn.Module(), graph), tape.constants, outputs, given.device)


def _run(forward: Callable[..., Tensor], rest: list[Tensor], given: Tensor) -> Tensor:
    return forward(given, *rest)


def _drop_idle(graph: fx.Graph) -> None:
    """Leave out what gives back its input: a view of the same shape, times one, where all hold."""
    for node in graph.nodes:
        same = _same(node)
        if same is not None:
            node.replace_all_uses_with(same)


def _same(node: fx.Node) -> fx.Node | None:
    """The node whose value this one has, if there is one."""
    if node.target in {_aten.view.default, _aten.expand.default, _aten._unsafe_view.default} or (
        node.target is _aten.mul.Scalar and node.args[1] == 1
    ):
        first = node.args[0]
    elif node.target is _aten.where.self and _all_true(node.args[0]):
        first = node.args[1]
    else:
        return None
    if not isinstance(first, fx.Node) or "tensor" not in first.meta:
        return None
    here, there = node.meta["tensor"], first.meta["tensor"]
    fits = here.shape == there.shape and here.stride() == there.stride()
    return first if fits and here.dtype == there.dtype else None


def _as_good(node: fx.Node, first: Any) -> bool:
    """Whoever reads the node can read another one, laid out in another way, in its place."""
    if node.meta["tensor"].dtype != first.meta["tensor"].dtype:
        return False
    try:
        for user in node.users:
            if user.target is _aten.view.default:
                first.meta["tensor"].view(user.args[1])
    except RuntimeError:
        return False
    return True


def _all_true(mask: Any) -> bool:
    return mask.op == "placeholder" and "tensor" in mask.meta and bool(mask.meta["tensor"].all())


def _reuse(graph: fx.Graph) -> None:
    """Write over an input that nobody reads any more."""
    for node in graph.nodes:
        if node.target in _IN_PLACE and _last_use(node):
            node.target = _IN_PLACE[node.target]


def _last_use(node: fx.Node) -> bool:
    """Its input is the only reading of some operation's own output, by way of views or not."""
    here = node.args[0]
    while isinstance(here, fx.Node) and here.op == "call_function" and len(here.users) == 1:
        if here.target in _INTO:
            return True
        if here.target not in {_aten.view.default, _aten._unsafe_view.default}:
            return False
        here = here.args[0]
    return False


def _own_memory(graph: fx.Graph, last: fx.Node) -> list[Tensor]:
    """Let large outputs go where memory is held for them."""
    outputs: list[Tensor] = []
    for node in list(graph.nodes):
        into = _INTO.get(node.target)
        if into is None or node.meta["tensor"].nbytes < LARGE:
            continue
        with graph.inserting_after(last):
            last = graph.placeholder(f"memory_{len(outputs)}")
        outputs.append(node.meta["tensor"])
        node.target = into
        node.kwargs = {**node.kwargs, "out": last}
    return outputs


def _mutates(node: fx.Node) -> bool:
    return node.op == "call_function" and bool(
        getattr(getattr(node.target, "_schema", None), "is_mutable", False)
    )
