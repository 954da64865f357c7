"""Eager: the rule called with torch tensors. Any device, any dtype, any layout."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from thalweg.engines.real import assign, real
from thalweg.engines.result import split
from thalweg.rules.words import speak


class TorchWords:
    """How tensors say the words."""

    sqrt = staticmethod(torch.sqrt)
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


speak(Tensor, TorchWords)

_NARROW = (torch.bfloat16, torch.float16)


def apply(
    update: Callable[..., Any],
    param: Tensor,
    grad: Tensor,
    states: Sequence[Tensor | None],
    **numbers: Any,
) -> tuple[float, ...]:
    """Step tensors in place, in float32 or wider, with one rounding at the end.

    Complex numbers are pairs of real ones. The gradient is only read.

    Returns:
        The rule's carried numbers.
    """
    written = (param, *states)
    present = [t is not None for t in written]
    wide = [None if t is None else _wide(real(t)) for t in written]
    slope = _wide(real(grad))
    # A gradient may be narrower than its parameter, if the user asked torch for that.
    slope = slope.to(torch.promote_types(slope.dtype, real(param).dtype))
    version = None if grad.is_inference() else grad._version
    arrays, carried = split(update, update(wide[0], slope, *wide[1:], **numbers), present)
    if version is not None and grad._version != version:
        raise RuntimeError(
            f"{getattr(update, '__name__', 'the rule')} wrote into its gradient, which others may "
            "still read; say grad = 2 * grad, not grad *= 2"
        )
    for tensor, new in zip(written, arrays, strict=True):
        if tensor is not None:
            assign(tensor, new)
    return carried


def _wide(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in _NARROW else tensor
