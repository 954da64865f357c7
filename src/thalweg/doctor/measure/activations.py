"""Activations: units that never fire, hardly fire, or are stuck in the flat part.

Sokar et al. (2023), "The Dormant Neuron Phenomenon in Deep Reinforcement Learning",
arXiv:2302.12902: a unit is dormant where its mean size is at most τ of its layer's mean; τ is
0.025 here. Functions are caught as they are called, so `torch.relu(x)` in a forward pass is seen
as well as `nn.ReLU`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from thalweg.doctor.evidence import Activation
from thalweg.doctor.measure.patient import Patient, buffers_kept, output
from thalweg.probe.sample import Sample

DORMANT = 0.025
FLAT = 0.95
LEAST = 1e-30

CLIPPING = {"relu": "ReLU", "relu_": "ReLU", "relu6": "ReLU6", "threshold": "Threshold"}
SQUASHING = {
    "tanh": "Tanh",
    "tanh_": "Tanh",
    "sigmoid": "Sigmoid",
    "sigmoid_": "Sigmoid",
    "hardtanh": "Hardtanh",
    "hardsigmoid": "Hardsigmoid",
}
OTHER = {
    "gelu": "GELU",
    "silu": "SiLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "selu": "SELU",
    "mish": "Mish",
    "softplus": "Softplus",
    "hardswish": "Hardswish",
}
KNOWN = {**CLIPPING, **SQUASHING, **OTHER}


class _Watched(TorchFunctionMode):
    """Calls `seen` with the name and result of every activation function; the outermost only."""

    def __init__(self, seen: Callable[[str, Tensor], None]) -> None:
        super().__init__()
        self.seen = seen

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in KNOWN and isinstance(result, Tensor):
            self.seen(name, result.detach())
        return result


def measure(patient: Patient, sample: Sample, seed: int = 1) -> list[Activation]:
    """What each activation puts out over a sample, in the order of the forward pass.

    Dropout is off meanwhile: a dropped unit is not a dead one.

    Args:
        patient: is not moved.
        sample: the more samples, the surer is "dead"; 1,000 are usual.
        seed: of what draws in spite of that.
    """
    found: list[Activation] = []
    calls: dict[str, int] = {}
    with _placed(patient.model) as place, _without_dropout(patient.model):

        def seen(name: str, result: Tensor) -> None:
            where, axis = place()
            calls[where] = calls.get(where, 0) + 1
            label = where if calls[where] == 1 else f"{where} #{calls[where]}"
            found.append(look(label, name, result, axis))

        patient.seed(seed)
        with torch.no_grad(), buffers_kept(patient.model), _Watched(seen):
            output(patient.model, sample)
        found += _recurrent(patient.model, sample, seed, patient)
    return found


def look(name: str, function: str, result: Tensor, axis: int) -> Activation:
    """One activation's output.

    Args:
        name: of the module, or of the module in which the function was called.
        function: such as "relu".
        result: its output, samples first.
        axis: along which its units are counted.

    Example:
        >>> found = look("1", "relu", torch.tensor([[0.0, 1.0], [0.0, 3.0]]), 1)
        >>> found.units, found.dead, found.dormant
        (2, 0.5, 0.5)
    """
    table = result.double().movedim(axis, 0).flatten(1) if result.ndim > 1 else result[None]
    size = table.abs().mean(1)
    dead = dormant = saturated = None
    if function in CLIPPING:
        dead = float((size == 0).double().mean())
    if function in SQUASHING:
        middle = 2 * table - 1 if "sigmoid" in function else table
        saturated = float((middle.abs() > FLAT).double().mean())
    else:
        mean = max(float(size.mean()), LEAST)
        dormant = float((size <= DORMANT * mean).double().mean())
    return Activation(
        name=name,
        kind=KNOWN.get(function, function),
        units=len(table),
        dead=dead,
        dormant=dormant,
        saturated=saturated,
        spread=float(table.std(correction=0)),
        samples=len(result),
    )


@contextmanager
def _placed(model: nn.Module) -> Iterator[Callable[[], tuple[str, int]]]:
    """Inside, a function that says in which module a call stands, and where its units are."""
    names = {id(module): name for name, module in model.named_modules()}
    stack: list[nn.Module] = []
    convolved = False

    def begin(module: nn.Module, _: Any) -> None:
        nonlocal convolved
        stack.append(module)
        if isinstance(module, nn.modules.conv._ConvNd):
            convolved = True
        elif isinstance(module, nn.Linear | nn.Flatten | nn.Embedding):
            convolved = False

    def end(module: nn.Module, *_: Any) -> None:
        while stack and stack.pop() is not module:
            pass

    def place() -> tuple[str, int]:
        return (names[id(stack[-1])] if stack else "") or "model", 1 if convolved else -1

    hooks = [one.register_forward_pre_hook(begin) for one in model.modules()]
    hooks += [one.register_forward_hook(end) for one in model.modules()]
    try:
        yield place
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _without_dropout(model: nn.Module) -> Iterator[None]:
    kinds = nn.modules.dropout._DropoutNd
    kept = [(one, one.training) for one in model.modules() if isinstance(one, kinds)]
    try:
        for one, _ in kept:
            one.training = False
        yield
    finally:
        for one, mode in kept:
            one.training = mode


def _recurrent(model: nn.Module, sample: Sample, seed: int, patient: Patient) -> list[Activation]:
    """What recurrent layers put out, whose functions run inside a kernel."""
    found: list[Activation] = []
    names = {id(module): name for name, module in model.named_modules()}

    def end(module: nn.Module, _: Any, result: Any) -> None:
        out = result[0] if isinstance(result, tuple) else result
        if isinstance(out, Tensor):
            squashed = "relu" if getattr(module, "nonlinearity", "tanh") == "relu" else "tanh"
            one = look(names[id(module)] or "model", squashed, out.detach(), -1)
            found.append(Activation(**{**vars(one), "kind": type(module).__name__}))

    layers = [m for m in model.modules() if isinstance(m, nn.RNNBase)]
    hooks = [layer.register_forward_hook(end) for layer in layers]
    if not hooks:
        return []
    try:
        patient.seed(seed)
        with torch.no_grad(), buffers_kept(model):
            output(model, sample)
    finally:
        for hook in hooks:
            hook.remove()
    return found
