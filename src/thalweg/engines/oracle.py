"""The oracle: NumPy in float64. Slow, obvious, and what right means here."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thalweg.engines.real import assign, real
from thalweg.engines.result import split
from thalweg.rules.words import speak


class NumpyWords:
    """How NumPy arrays say the words: as IEEE 754 does, without warnings."""

    sqrt = staticmethod(np.sqrt)
    sign = staticmethod(np.sign)
    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    where = staticmethod(np.where)


speak(np.ndarray, NumpyWords)


def step(
    update: Callable[..., Any],
    param: np.ndarray,
    grad: np.ndarray,
    states: Sequence[np.ndarray | None],
    **numbers: Any,
) -> tuple[Any, ...]:
    """The new parameter, the new states and the new carried numbers, in float64.

    The arguments are not written to. Infinities and NaN pass through as IEEE 754 says.
    """
    exact = [
        None if a is None else np.array(a, np.float64, ndmin=1) for a in (param, grad, *states)
    ]
    with np.errstate(all="ignore"):
        result = update(*exact, **numbers)
    arrays, carried = split(update, result, [True, *(s is not None for s in states)])
    return *arrays, *carried


def apply(
    update: Callable[..., Any],
    param: Tensor,
    grad: Tensor,
    states: Sequence[Tensor | None],
    **numbers: Any,
) -> tuple[float, ...]:
    """Step tensors in place: exact arithmetic, then one rounding to each tensor's own dtype.

    Returns:
        The rule's carried numbers.
    """
    exact = [None if t is None else _exact(t) for t in states]
    result = step(update, _exact(param), _exact(grad), exact, **numbers)
    written = (param, *states)
    for tensor, new in zip(written, result, strict=False):
        if tensor is not None:
            values = torch.from_numpy(np.ascontiguousarray(new))
            assign(tensor, values.reshape(real(tensor).shape))
    return result[len(written) :]


def _exact(tensor: Tensor) -> np.ndarray:
    return real(tensor.detach()).to("cpu", torch.float64).numpy()
