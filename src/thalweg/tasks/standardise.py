"""Columns brought to mean 0 and deviation 1, as measured on the training part alone.

Measured on all rows, the scale would tell the model something about rows that it should not have
seen.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from thalweg.tasks.task import Data, Part


def standardise(data: Data, *, targets: bool = False) -> Data:
    """Standardise each column by the training part's mean and standard deviation.

    Args:
        data: three parts whose inputs have shape (rows, columns), best in float64.
        targets: standardise the targets too.

    Returns:
        The parts in float32. A column that is constant on the training part becomes zero there.
    """
    scale_inputs = _scale(data.train.inputs)
    scale_targets = _scale(data.train.targets) if targets else Tensor.float

    def scaled(part: Part) -> Part:
        return Part(scale_inputs(part.inputs), scale_targets(part.targets))

    return Data(scaled(data.train), scaled(data.validation), scaled(data.test))


def _scale(rows: Tensor) -> Callable[[Tensor], Tensor]:
    mean = rows.mean(dim=0)
    deviation = rows.std(dim=0, correction=0)
    deviation[deviation == 0] = 1
    return lambda values: ((values - mean) / deviation).float()
