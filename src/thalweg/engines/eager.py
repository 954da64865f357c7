"""Eager: the rule called with torch tensors. Any device, any dtype, any layout."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from thalweg.engines.real import real
from thalweg.engines.result import split
from thalweg.engines.storage import NOISELESS, Cell, Noise, draws
from thalweg.engines.totals import total
from thalweg.rules.words import speak


class TorchWords:
    """How tensors say the words."""

    sqrt = staticmethod(torch.sqrt)
    exp = staticmethod(torch.exp)
    log = staticmethod(torch.log)
    atan2 = staticmethod(torch.atan2)

    @staticmethod
    def where(condition: Any, x: Any, y: Any) -> Any:
        if not isinstance(condition, Tensor):
            return x if condition else y
        if not isinstance(x, Tensor) and not isinstance(y, Tensor):
            # Torch would round two plain numbers to its default dtype.
            x, y = (torch.tensor(v, dtype=torch.float64, device=condition.device) for v in (x, y))
        return torch.where(condition, x, y)

    @staticmethod
    def sign(x: Tensor) -> Tensor:
        # torch.sign turns NaN into 0, which would hide a broken gradient behind a clean weight.
        return torch.where(x == x, torch.sign(x), x)

    @staticmethod
    def maximum(x: Any, y: Any) -> Tensor:
        if isinstance(x, Tensor) and isinstance(y, Tensor):
            return torch.maximum(x, y)
        return x.clamp(min=y) if isinstance(x, Tensor) else y.clamp(min=x)

    @staticmethod
    def minimum(x: Any, y: Any) -> Tensor:
        if isinstance(x, Tensor) and isinstance(y, Tensor):
            return torch.minimum(x, y)
        return x.clamp(max=y) if isinstance(x, Tensor) else y.clamp(max=x)

    @staticmethod
    def norm(x: Tensor) -> Tensor:
        return torch.linalg.vector_norm(x, dtype=torch.float64)

    @staticmethod
    def mean(x: Tensor) -> Tensor:
        return x.sum(dtype=torch.float64) / max(x.numel(), 1)

    @staticmethod
    def row_mean(x: Tensor) -> Tensor:
        return _mean_along(x, -1)

    @staticmethod
    def column_mean(x: Tensor) -> Tensor:
        return _mean_along(x, -2)

    @staticmethod
    def total(x: Tensor) -> Tensor:
        share = 0.0 if x.is_meta else float(x.detach().sum(dtype=torch.float64))
        return torch.tensor(total(share), dtype=torch.float64)


def _mean_along(x: Tensor, dim: int) -> Tensor:
    # In their own dtype: torch sums by halves, to 1.5 ulp, and in float64 40 times as slowly.
    return x.sum(dim, keepdim=True) / max(x.shape[dim], 1)


speak(Tensor, TorchWords)

_NARROW = (torch.bfloat16, torch.float16)


def call(
    update: Callable[..., Any],
    param: Cell,
    grad: Tensor,
    states: Sequence[Cell | None],
    **numbers: Any,
) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    """What the rule makes of tensors: the new arrays and the carried numbers. Writes nothing."""
    wide = [None if cell is None else _wide(cell.load()) for cell in (param, *states)]
    if torch.is_grad_enabled():  # autograd keeps what is multiplied; what is written to is not that
        wide = [None if array is None else array.clone() for array in wide]
    slope = _wide(real(grad))
    # A gradient or a state may be narrower than its parameter, if the user asked for that.
    dtype = reduce(torch.promote_types, (x.dtype for x in (slope, *wide) if x is not None))
    wide = [None if x is None else x.to(dtype) for x in wide]
    slope = slope.to(dtype)
    version = None if grad.is_inference() else grad._version
    result = update(wide[0], slope, *wide[1:], **numbers)
    if version is not None and grad._version != version:
        raise RuntimeError(
            f"{getattr(update, '__name__', 'the rule')} wrote into its gradient, which others may "
            "still read; say grad = 2 * grad, not grad *= 2"
        )
    arrays, carried = split(update, result, [array is not None for array in wide])
    return arrays, tuple(map(float, carried))


def write(cells: Sequence[Cell | None], arrays: Sequence[Any], noise: Noise = NOISELESS) -> None:
    """Store what `call` returned."""
    for cell, new, draw in zip(cells, arrays, draws(cells), strict=True):
        if cell is not None:
            cell.store(new, noise._replace(draw=draw))


def _wide(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in _NARROW else tensor
