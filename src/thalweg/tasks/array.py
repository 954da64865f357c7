"""Stored arrays as tensors that a network takes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def as_inputs(array: np.ndarray) -> Tensor:
    """Inputs in float32.

    Args:
        array: numbers, one sample per row. Bytes are taken for pixels and brought from 0..255 to
            0..1; pictures of shape (rows, height, width) get a channel, (rows, 1, height, width).

    Returns:
        The inputs.

    Raises:
        ValueError: the array holds something else than real numbers.

    Examples:
        >>> as_inputs(np.full((5, 28, 28), 255, dtype=np.uint8)).shape
        torch.Size([5, 1, 28, 28])
    """
    tensor = torch.from_numpy(_numbers(array).astype(np.float32))
    if array.dtype == np.uint8:
        tensor /= 255
    return tensor.unsqueeze(1) if array.ndim == 3 else tensor


def as_targets(array: np.ndarray) -> Tensor:
    """Targets: class numbers in int64, everything else in float32.

    Args:
        array: numbers, one sample per row. A single column of whole numbers becomes a vector of
            class numbers.

    Returns:
        The targets.

    Raises:
        ValueError: the array holds something else than real numbers.
    """
    if _numbers(array).dtype.kind == "f":
        return torch.from_numpy(array.astype(np.float32))
    column = array.ndim == 2 and array.shape[1] == 1
    return torch.from_numpy((array[:, 0] if column else array).astype(np.int64))


def _numbers(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "buif":
        raise ValueError(f"holds values of type {array.dtype}, not real numbers")
    return array
