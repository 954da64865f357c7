"""The gradient of one batch: in one piece or in several, clipped or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]


class DivergenceError(ArithmeticError):
    """The loss of a batch is infinite or not a number: no gradient can be had from it."""


def set_gradient(
    model: nn.Module, loss: Loss, inputs: Tensor, targets: Tensor, *, pieces: int = 1
) -> float:
    """Add the gradient of the mean loss over a batch to `param.grad`.

    In several pieces it is the same gradient (apart from rounding, and from batch normalisation,
    which sees each piece by itself) in a fraction of the memory: each piece's mean counts by its
    share of the samples.

    Args:
        model: in train mode, gradients cleared.
        loss: the mean over the samples that it is given.
        inputs: shape (samples, ...).
        targets: shape (samples, ...).
        pieces: how many; more than there are samples means one for each.

    Returns:
        The mean loss over the batch.

    Raises:
        DivergenceError: the loss is not finite.
    """
    if pieces == 1:
        mean = loss(model(inputs), targets)
        value = mean.item()
        if not math.isfinite(value):
            raise DivergenceError(value)
        mean.backward()
        return value
    pieces, total = min(pieces, len(inputs)), 0.0
    for some, wanted in zip(inputs.tensor_split(pieces), targets.tensor_split(pieces), strict=True):
        share = len(some) / len(inputs)
        part = loss(model(some), wanted)
        total += part.item() * share
        if not math.isfinite(total):
            raise DivergenceError(total)
        (part * share).backward()
    return total


def clip(params: Iterable[Tensor], norm: float) -> None:
    """Shrink all gradients by one factor so that their joint length is at most `norm`."""
    torch.nn.utils.clip_grad_norm_(params, norm)
