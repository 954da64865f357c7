"""Eager: the rule called with torch tensors. Any device, any dtype, any layout."""

from collections.abc import Callable, Sequence
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
    where = staticmethod(torch.where)

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
        return x.double().square().sum().sqrt()

    @staticmethod
    def mean(x: Tensor) -> Tensor:
        return x.double().mean() if x.numel() else x.double().sum()

    @staticmethod
    def total(x: Tensor) -> float:
        return total(float(x.double().sum()))


speak(Tensor, TorchWords)

_NARROW = (torch.bfloat16, torch.float16)


def apply(
    update: Callable[..., Any],
    param: Cell,
    grad: Tensor,
    states: Sequence[Cell | None],
    noise: Noise = NOISELESS,
    **numbers: Any,
) -> tuple[float, ...]:
    """Step tensors in place, in float32 or wider, with one rounding at the end.

    Complex numbers are pairs of real ones. The gradient is only read.

    Args:
        update: the rule, and what comes before and after it.
        param: the parameter.
        grad: its gradient.
        states: those that are there.
        noise: for the kinds that round at random.
        **numbers: the step, the hyper-parameters and the carried numbers.

    Returns:
        The rule's carried numbers.
    """
    written = (param, *states)
    arrays, carried = call(update, param, grad, states, **numbers)
    for cell, new, draw in zip(written, arrays, draws(written), strict=True):
        if cell is not None:
            cell.store(new, noise._replace(draw=draw))
    return tuple(map(float, carried))


def call(
    update: Callable[..., Any],
    param: Cell,
    grad: Tensor,
    states: Sequence[Cell | None],
    **numbers: Any,
) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    """What the rule makes of tensors: the new arrays and the carried numbers. Writes nothing."""
    wide = [None if cell is None else _wide(cell.load()) for cell in (param, *states)]
    slope = _wide(real(grad))
    # A gradient may be narrower than its parameter, if the user asked torch for that.
    slope = slope.to(torch.promote_types(slope.dtype, param.load().dtype))
    version = None if grad.is_inference() else grad._version
    result = update(wide[0], slope, *wide[1:], **numbers)
    if version is not None and grad._version != version:
        raise RuntimeError(
            f"{getattr(update, '__name__', 'the rule')} wrote into its gradient, which others may "
            "still read; say grad = 2 * grad, not grad *= 2"
        )
    return split(update, result, [array is not None for array in wide])


def _wide(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in _NARROW else tensor
