"""The first layer of a network at every point of a plane, for three products in all.

A linear layer or a convolution is linear in its weights, and what goes into the first one does not
depend on them. So at the point (x, y)

    F(input; w) = F(input; centre) + x F(input; one) + y F(input; other)

exactly, but for rounding, and all points share the three products. In a network with one hidden
layer that is most of the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from thalweg.probe import Probe, Sample

LINEAR = frozenset({torch.nn.functional.linear, torch.conv1d, torch.conv2d, torch.conv3d})
"""Functions f(input, weight, bias, ...) that are linear in weight and bias."""


@dataclass(frozen=True)
class Call:
    """The call that computes a first layer.

    Attributes:
        function: one of `LINEAR`.
        inputs: what goes in.
        weight: the name of its weight.
        bias: the name of its bias, or None.
        rest: the arguments after the bias.
    """

    function: Callable[..., Tensor]
    inputs: Tensor
    weight: str
    bias: str | None
    rest: tuple[Any, ...]

    def at(self, params: dict[str, Tensor]) -> Tensor:
        """The layer's output with some weights."""
        bias = None if self.bias is None else params[self.bias]
        return self.function(self.inputs, params[self.weight], bias, *self.rest)


def find(probe: Probe, vector: Tensor, some: Sample) -> Call | None:
    """The first layer, if it is one that the identity above holds for.

    Args:
        probe: while `ready`.
        vector: any weights.
        some: the samples that go in.

    Returns:
        The call; None where the first use of the weights is of another kind.
    """
    with torch.enable_grad():
        leaf = vector.detach().clone().requires_grad_()
        params = probe.weights.named(leaf)
        watch = _Watch(params)
        with watch:
            probe.loss_of(params, probe.buffers(vector), some)
    return watch.found


class Given(TorchFunctionMode):
    """Inside, the first layer's output is what it is given, once.

    Args:
        call: which layer.
        weight: its weight, as it will be passed to the function.
        output: what to answer.
    """

    def __init__(self, call: Call, weight: Tensor, output: Tensor) -> None:
        super().__init__()
        self.call = call
        self.weight = weight
        self.output = output
        self.used = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See torch's documentation of the protocol."""
        if func is self.call.function and not self.used and args[1] is self.weight:
            self.used = True
            return self.output
        return func(*args, **(kwargs or {}))


class _Watch(TorchFunctionMode):
    """Notes the first call that qualifies, unless its weight was used before it."""

    def __init__(self, params: dict[str, Tensor]) -> None:
        super().__init__()
        self.names = {id(param): name for name, param in params.items()}
        self.found: Call | None = None
        self.over = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not self.over and func in LINEAR and not kwargs:
            self._look(func, *args)
        elif not self.over and any(id(arg) in self.names for arg in args):
            self.over = True  # the weights come into play another way
        return func(*args, **(kwargs or {}))

    def _look(self, func: Any, inputs: Tensor, weight: Tensor, *more: Any) -> None:
        if id(weight) not in self.names:
            return
        self.over = True
        bias = more[0] if more else None
        if inputs.requires_grad or (bias is not None and id(bias) not in self.names):
            return
        name = None if bias is None else self.names[id(bias)]
        self.found = Call(func, inputs.detach(), self.names[id(weight)], name, tuple(more[1:]))
