"""Shadow steps: the optimizer's next step as it would be with something changed, never taken.

What weight decay adds to a step, and what rounding takes from it, is the difference between two
steps from one state: the real one, and that of a copy without decay or in a wider dtype. So it
holds for any optimizer.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

WIDER = {
    torch.float16: torch.float32,
    torch.bfloat16: torch.float32,
    torch.float32: torch.float64,
    torch.float64: torch.float64,
}


def step(
    model: nn.Module, optimizer: Optimizer, *, decay: bool = True, wide: bool = False
) -> dict[str, Tensor]:
    """The next step on the gradients that the parameters hold.

    Args:
        model: is copied, not moved.
        optimizer: is copied, not stepped.
        decay: False leaves weight decay out.
        wide: weights, gradients and states in a wider dtype: float32 for half precision, float64
            for float32.

    Returns:
        Name to what moved, for parameters that have a gradient.

    Raises:
        RuntimeError: the optimizer can't be copied, or does not take the wider dtype.
    """
    twin, stepper = copy.deepcopy((model, optimizer))
    params = dict(twin.named_parameters())
    for name, param in model.named_parameters():
        own = params[name]
        if wide:
            own.data = own.data.to(WIDER.get(own.dtype, own.dtype))
        own.grad = None if param.grad is None else param.grad.detach().to(own.dtype, copy=True)
    if wide:
        _widen(stepper)
    for group in stepper.param_groups:
        if not decay and "weight_decay" in group:
            group["weight_decay"] = 0.0
    before = {name: param.detach().clone() for name, param in params.items()}
    stepper.step()
    return {n: p.detach() - before[n] for n, p in params.items() if p.grad is not None}


def _widen(optimizer: Optimizer) -> None:
    for param, held in optimizer.state.items():
        for name, value in held.items():
            if isinstance(value, Tensor) and value.shape == param.shape and value.ndim:
                held[name] = value.to(param.dtype) if value.is_floating_point() else value
