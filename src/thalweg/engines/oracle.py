"""The oracle: NumPy in float64. Slow, obvious, and what right means here."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thalweg.engines.real import real
from thalweg.engines.result import split
from thalweg.engines.storage import NOISELESS, Cell, Noise, draws
from thalweg.engines.totals import total
from thalweg.rules.words import speak


class NumpyWords:
    """How NumPy arrays say the words: as IEEE 754 does, without warnings."""

    sqrt = staticmethod(np.sqrt)
    exp = staticmethod(np.exp)
    log = staticmethod(np.log)
    sign = staticmethod(np.sign)
    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    atan2 = staticmethod(np.arctan2)
    where = staticmethod(np.where)

    @staticmethod
    def norm(x: np.ndarray) -> float:
        return float(np.sqrt(np.sum(x * x)))

    @staticmethod
    def mean(x: np.ndarray) -> float:
        return float(np.mean(x)) if x.size else 0.0

    @staticmethod
    def total(x: np.ndarray) -> float:
        return total(float(np.sum(x)))


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
    param: Cell,
    grad: Tensor,
    states: Sequence[Cell | None],
    noise: Noise = NOISELESS,
    **numbers: Any,
) -> tuple[float, ...]:
    """Step tensors in place: exact arithmetic, then one rounding to what each is kept as.

    Returns:
        The rule's carried numbers.
    """
    written = (param, *states)
    arrays, carried = call(update, param, grad, states, **numbers)
    for cell, new, draw in zip(written, arrays, draws(written), strict=True):
        if cell is not None:
            values = torch.from_numpy(np.ascontiguousarray(new))
            cell.store(values.reshape(cell.load().shape), noise._replace(draw=draw))
    return carried


def call(
    update: Callable[..., Any],
    param: Cell,
    grad: Tensor,
    states: Sequence[Cell | None],
    **numbers: Any,
) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    """What the rule makes of tensors: the new arrays and the carried numbers. Writes nothing."""
    exact = [None if cell is None else _exact(cell.load()) for cell in states]
    result = step(update, _exact(param.load()), _exact(real(grad)), exact, **numbers)
    return split(update, result, [True, *(array is not None for array in exact)])


def _exact(tensor: Tensor) -> np.ndarray:
    return tensor.detach().to("cpu", torch.float64).numpy()
