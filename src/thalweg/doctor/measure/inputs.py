"""What the data look like before any model: scale, values that are not finite, a loss to beat."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten

from thalweg.probe.sample import Sample


def bad(sample: Sample) -> int:
    """How many of the inputs' and targets' values are not finite."""
    leaves = tree_flatten((sample.inputs, sample.targets))[0]
    numbers = [one for one in leaves if one.is_floating_point()]
    return sum(int((~torch.isfinite(one)).sum()) for one in numbers)


def column_scale(sample: Sample) -> tuple[float, float, float] | None:
    """Standard deviation of the inputs' columns: smallest, median, largest.

    Columns that never change are left out: a picture's border would say nothing. For pictures and
    sequences the columns are channels, the axis that normalisation means.

    Example:
        >>> wide = torch.tensor([[0.0, 0.0], [2.0, 200.0]])
        >>> column_scale(Sample(wide, wide))
        (1.0, 50.5, 100.0)
    """
    leaf = tree_flatten(sample.inputs)[0][0]
    if not leaf.is_floating_point() or len(leaf) < 2:
        return None
    table = leaf.double()
    if leaf.ndim >= 4:
        table = table.transpose(0, 1).flatten(1).T
    table = table.reshape(len(table), -1) if leaf.ndim < 4 else table
    found = table.std(0, correction=0)
    found = found[torch.isfinite(found) & (found > 0)]
    if not len(found):
        return None
    low, high = float(found.min()), float(found.max())
    return low, float(found.quantile(0.5)) if len(found) < 2**24 else float(found.median()), high


def kind_of(output: Any, targets: Any) -> str:
    """Whether classes are told apart or numbers are met: "classification", "regression" or ""."""
    if not isinstance(output, Tensor) or not isinstance(targets, Tensor):
        return ""
    if not targets.is_floating_point():
        return "classification" if output.ndim > targets.ndim else ""
    same = output.shape == targets.shape or output.numel() == targets.numel()
    if not same:
        return ""
    binary = bool(((targets == 0) | (targets == 1)).all())
    return "classification" if binary else "regression"


def expected(
    loss: Callable[[Any, Any], Tensor], output: Any, targets: Any
) -> tuple[str, float | None]:
    """The kind of the loss, and its value for a model that knows nothing of the inputs.

    For classes, equal scores for each; for numbers, their mean.

    Args:
        loss: `loss(output, targets)`.
        output: of the model, for its shape.
        targets: of the same samples.

    Returns:
        The kind, and the loss; None where that can't be told.

    Example:
        >>> scores, classes = torch.zeros(8, 10), torch.arange(8)
        >>> kind, value = expected(torch.nn.functional.cross_entropy, scores, classes)
        >>> kind, round(value, 3)
        ('classification', 2.303)
    """
    kind = kind_of(output, targets)
    if not kind:
        return kind, None
    with torch.no_grad():
        blind = torch.zeros_like(output)
        if kind == "regression":
            blind = targets.mean(0, keepdim=True).expand_as(targets).reshape(output.shape)
        elif targets.is_floating_point():
            # Scores before or after the sigmoid: only the former can leave [0, 1].
            blind = blind if bool(((output < 0) | (output > 1)).any()) else blind + 0.5
        elif _are_log_shares(output):
            blind = blind - math.log(output.shape[1])
        value = float(loss(blind, targets))
    return kind, value if math.isfinite(value) else None


def _are_log_shares(output: Tensor) -> bool:
    """Log probabilities, as log_softmax gives them, whose exponentials sum to 1."""
    return output.ndim >= 2 and bool((output.exp().sum(1) - 1).abs().max() < 1e-3)
