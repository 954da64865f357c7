"""Step ratio: how far across the valley does a step go?

For a step D with gradient g on one batch,

    r = 1 − (g(θ + D) · D) / (g(θ) · D)

is 0 where the slope along the step is unchanged (crawling), 1 where the step ends at the line's
minimum, 2 where it ends as high on the other side, more where the loss has risen. It is negative
where the ground curves downwards. Both gradients are of the same batch with the same random draws:
two batches would mix the noise into the curvature. On a quadratic with curvature λ along an
eigenvector, gradient descent has r = η λ.
"""

from __future__ import annotations

import math

from torch import Tensor


def ratio(before: Tensor, after: Tensor, update: Tensor) -> float:
    """The step ratio from two gradients of one batch.

    Args:
        before: gradient before the step, shape (weights,).
        after: gradient after it.
        update: the step.

    Returns:
        The ratio, summed in float64; NaN where the step does not go down at first.

    Example:
        >>> import torch
        >>> gradient, update = torch.tensor([2.0]), torch.tensor([-0.3])
        >>> round(ratio(gradient, gradient + 2 * update, update), 3)
        0.3
    """
    way = update.double()
    slope = float(before.double() @ way)
    return 1 - float(after.double() @ way) / slope if slope < 0 else math.nan


def ratio_of_losses(before: float, after: float, slope: float) -> float:
    """The step ratio from two losses, where no second gradient is to be had.

    Losses that differ in their last digits only give noise: the critical multiplier is the surer
    way then.

    Args:
        before: loss of the batch before the step.
        after: loss of the same batch after it.
        slope: the gradient before the step times the step, negative.

    Returns:
        The ratio of the parabola through them.

    Example:
        >>> round(ratio_of_losses(1.0, 0.49, -0.6), 3)
        0.3
    """
    return 2 * (1 - (after - before) / slope) if slope < 0 else math.nan


def directional_curvature(before: Tensor, after: Tensor, update: Tensor) -> float:
    """The curvature along a step, from two gradients of one batch; shapes as in `ratio`."""
    way = update.double()
    length = float(way @ way)
    change = after.double() - before.double()
    return float(change @ way) / length if length > 0 else math.nan
