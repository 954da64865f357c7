"""Whatever is asked of a model, it is afterwards as it was, byte for byte.

Values go back into the tensors they came from, so that optimizers, hooks and the user's own
variables still point at the model. All of it happens in `finally`: an exception inside, or Ctrl-C,
changes nothing.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from thalweg.train.seeds import generators_kept


@contextmanager
def untouched(*things: nn.Module | Optimizer | Any) -> Iterator[None]:
    """Leave models, optimizers, data loaders and every random state as they were found.

    Args:
        things: models (values, gradients, modes and `requires_grad` are kept), optimizers (state
            and settings) and data loaders (their generators).

    Yields:
        Nothing.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> before = model.weight.detach().clone()
        >>> with untouched(model), torch.no_grad():
        ...     _ = model.weight.add_(1)
        >>> torch.equal(model.weight, before)
        True
    """
    with ExitStack() as stack:
        stack.enter_context(randomness_kept())
        for thing in things:
            if isinstance(thing, nn.Module):
                stack.enter_context(_model_kept(thing))
            elif isinstance(thing, Optimizer):
                stack.enter_context(_optimizer_kept(thing))
            else:
                stack.enter_context(loader_kept(thing))
        yield


@contextmanager
def randomness_kept() -> Iterator[None]:
    """Leave the generators of Python, NumPy and torch as they were found."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with generators_kept():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@contextmanager
def loader_kept(loader: Any) -> Iterator[None]:
    """Leave the generators of a DataLoader and its samplers as they were found, and torch's own.

    Starting to iterate draws a seed from the first of them, and a permutation from another.
    """
    owners = [loader, getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)]
    owners.append(getattr(owners[-1], "sampler", None))
    found = [getattr(owner, "generator", None) for owner in owners]
    generators = [one for one in found if isinstance(one, torch.Generator)]
    states = [one.get_state() for one in generators]
    try:
        with randomness_kept():
            yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


@contextmanager
def _model_kept(model: nn.Module) -> Iterator[None]:
    params = [
        (p, p.detach().clone(), p.grad, _copy(p.grad), p.requires_grad) for p in model.parameters()
    ]
    buffers = [(b, b.detach().clone()) for b in model.buffers()]
    # By owner and name too: a forward pass may replace a buffer instead of writing into it.
    slots = [(m, dict(m._buffers), dict(m._parameters)) for m in model.modules()]
    modes = [(m, m.training) for m in model.modules()]
    try:
        yield
    finally:
        for module, held, own in slots:
            module._buffers.clear()
            module._buffers.update(held)
            module._parameters.clear()
            module._parameters.update(own)
        with torch.no_grad():
            for buffer, value in buffers:
                _put(buffer, value)
            for param, value, grad, slope, wanted in params:
                _put(param, value)
                param.grad = grad
                if grad is not None and slope is not None:
                    _put(grad, slope)
                param.requires_grad_(wanted)
        for module, mode in modes:
            module.training = mode


@contextmanager
def _optimizer_kept(optimizer: Optimizer) -> Iterator[None]:
    params = {id(p): p for group in optimizer.param_groups for p in group["params"]}
    order = list(optimizer.param_groups)
    groups = [(group, {**group, "params": list(group["params"])}) for group in order]
    # Tensors keep their identity and get their values back; lists and numbers are copied.
    state = {
        param: (held, {name: _kept(value, params) for name, value in held.items()})
        for param, held in optimizer.state.items()
    }
    values = [
        (one, one.detach().clone())
        for held in optimizer.state.values()
        for one in held.values()
        if isinstance(one, Tensor)
    ]
    plain = (int, float, bool, str, type(None))
    rest = {name: value for name, value in vars(optimizer).items() if isinstance(value, plain)}
    try:
        yield
    finally:
        optimizer.param_groups[:] = order
        for group, kept in groups:
            group.clear()
            group.update(kept)
        optimizer.state.clear()
        for param, (held, kept) in state.items():
            held.clear()
            held.update(kept)
            optimizer.state[param] = held
        with torch.no_grad():
            for one, value in values:
                _put(one, value)
        vars(optimizer).update(rest)


def _copy(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.detach().clone()


def _kept(value: Any, memo: dict[int, Any]) -> Any:
    return value if isinstance(value, Tensor) else copy.deepcopy(value, dict(memo))


def _put(there: Tensor, value: Tensor) -> None:
    """Write a value back, unless it is there still: a write makes autograd's graphs stale."""
    if not _same_bytes(there.detach(), value):
        there.copy_(value)


def _same_bytes(one: Tensor, other: Tensor) -> bool:
    # By bytes: NaN equals itself, and -0.0 is not 0.0.
    if one.layout != torch.strided or one.is_quantized:
        return False
    one, other = one.contiguous(), other.contiguous()
    if one.ndim == 0:
        one, other = one.reshape(1), other.reshape(1)
    return torch.equal(one.view(torch.uint8), other.view(torch.uint8))
