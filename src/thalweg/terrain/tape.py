"""What torch does in a function of one tensor, written down once: a program without the asking.

`vmap`, a model's modules and the probe cost more in Python than a small model's arithmetic; what
they amount to is a few dozen operations. All that does not depend on the input is computed while
writing and stays a constant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

_READS = torch.ops.aten._local_scalar_dense.default


class Tape(TorchDispatchMode):
    """Inside, every operation that the input has a part in is written down.

    Args:
        given: the input.

    Attributes:
        graph: what was written, see `torch.fx`.
        constants: what the graph takes after the input.
    """

    def __init__(self, given: Tensor) -> None:
        super().__init__()
        self.graph = fx.Graph()
        self.constants: list[Tensor] = []
        node = self.last = self.graph.placeholder("given")
        node.meta["tensor"] = given
        # The tensors are kept beside their nodes, so that no number is given out twice.
        self.nodes: dict[int, tuple[fx.Node, Tensor]] = {id(given): (node, given)}
        self.fixed: dict[int, tuple[fx.Node, Tensor]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See torch's documentation of the protocol."""
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise RuntimeError(f"{func} draws random numbers")
        tensors = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Tensor)]
        if not any(id(one) in self.nodes for one in tensors):
            if func._schema.is_mutable and any(id(one) in self.fixed for one in tensors):
                raise RuntimeError(f"{func} changes what was read before")
            return func(*args, **kwargs)
        if func is _READS:
            raise RuntimeError("a number of the outcome decides what is computed")
        if func._schema.is_mutable and id(args[0]) not in self.nodes:
            raise RuntimeError(f"{func} writes into what belongs to no point")
        found = func(*args, **kwargs)
        self._write(func, args, kwargs, found)
        return found

    def _write(self, func: Any, args: Any, kwargs: Any, found: Any) -> None:
        named = tree_map_only(Tensor, self._node, (args, kwargs))
        node = self.graph.call_function(func, *named)
        if isinstance(found, Tensor):
            self._note(node, found)
            return
        for place, one in enumerate(found if isinstance(found, (tuple, list)) else ()):
            if isinstance(one, Tensor):
                self._note(self.graph.call_function(_take, (node, place)), one)

    def _note(self, node: fx.Node, found: Tensor) -> None:
        node.meta["tensor"] = found
        self.nodes[id(found)] = (node, found)

    def _node(self, tensor: Tensor) -> fx.Node:
        if id(tensor) in self.nodes:
            return self.nodes[id(tensor)][0]
        if id(tensor) not in self.fixed:
            self.fixed[id(tensor)] = (self._enter(f"constant_{len(self.constants)}"), tensor)
            self.fixed[id(tensor)][0].meta["tensor"] = tensor
            self.constants.append(tensor)
        return self.fixed[id(tensor)][0]

    def _enter(self, name: str) -> fx.Node:
        with self.graph.inserting_after(self.last):
            self.last = self.graph.placeholder(name)
        return self.last


def record(function: Callable[[Tensor], Tensor], given: Tensor) -> Tape:
    """Write down what a function does.

    Args:
        function: of one tensor; what it does may depend on shapes, not on values.
        given: an input; every later one must have its shape.

    Returns:
        The tape, its output set.

    Raises:
        RuntimeError: it decides by a value, draws random numbers or writes where it must not.
    """
    tape = Tape(given)
    with tape:
        found = function(given)
    if id(found) not in tape.nodes:
        raise RuntimeError("the outcome does not depend on the point")
    tape.graph.output(tape.nodes[id(found)][0])
    return tape


def _take(found: Any, place: int) -> Any:
    return found[place]
