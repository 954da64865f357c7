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
    """How NumPy arrays say the words: as IEEE 754 does, without warnings, and so do reductions."""

    sqrt = staticmethod(np.sqrt)
    exp = staticmethod(np.exp)
    log = staticmethod(np.log)
    sign = staticmethod(np.sign)
    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    atan2 = staticmethod(np.arctan2)
    where = staticmethod(np.where)

    @staticmethod
    def norm(x: np.ndarray) -> np.float64:
        return np.sqrt(np.sum(np.float64(x) ** 2))

    @staticmethod
    def mean(x: np.ndarray) -> np.float64:
        return np.float64(np.mean(x)) if x.size else np.float64(0)

    @staticmethod
    def row_mean(x: np.ndarray) -> np.ndarray:
        return np.sum(x, axis=-1, keepdims=True) / max(x.shape[-1], 1)

    @staticmethod
    def column_mean(x: np.ndarray) -> np.ndarray:
        return np.sum(x, axis=-2, keepdims=True) / max(x.shape[-2], 1)

    @staticmethod
    def total(x: np.ndarray) -> np.float64:
        return np.float64(total(float(np.sum(x))))


speak(np.ndarray, NumpyWords)
speak(np.generic, NumpyWords)  # what reductions give


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
    arrays, carried = split(update, result, [True, *(array is not None for array in exact)])
    return arrays, tuple(map(float, carried))


def write(cells: Sequence[Cell | None], arrays: Sequence[Any], noise: Noise = NOISELESS) -> None:
    """Store what `call` returned: one rounding."""
    for cell, new, draw in zip(cells, arrays, draws(cells), strict=True):
        if cell is not None:
            values = torch.from_numpy(np.ascontiguousarray(new))
            cell.store(values.reshape(cell.load().shape), noise._replace(draw=draw))


def _exact(tensor: Tensor) -> np.ndarray:
    return tensor.detach().to("cpu", torch.float64).numpy()
