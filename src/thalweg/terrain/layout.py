"""The same sums in an order that processors like: many samples, few classes.

A batch of matrices (samples × classes) with ten classes is the worst case of two kernels of torch:
the softmax of short rows, which is not vectorised, and the product with a narrow matrix. Both are
fast with the samples as the inner axis. Measured on one core, 1,000 samples, 64 hidden units and
ten classes: 149 and 90 microseconds a point become 7 and 20.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

NARROW = 64
"""Classes up to which turning round is worth it."""

_aten = torch.ops.aten


class SamplesInside(TorchDispatchMode):
    """Inside, narrow products and softmaxes are computed with the samples as the inner axis."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See torch's documentation of the protocol."""
        if func is _aten.bmm.default and _narrow(args[1]):
            left, right = args
            return torch.bmm(right.mT, left.mT).mT
        if func is _aten._log_softmax.default and _narrow(args[0]) and _last(*args[:2]):
            rows, _, half = args
            return _aten._log_softmax(rows.mT.contiguous(), rows.ndim - 2, half).mT
        return func(*args, **(kwargs or {}))


def _narrow(matrix: torch.Tensor) -> bool:
    return matrix.ndim > 1 and matrix.shape[-1] < min(NARROW, matrix.shape[-2])


def _last(rows: torch.Tensor, axis: int) -> bool:
    return axis in {-1, rows.ndim - 1}
