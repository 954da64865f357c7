"""Alignment: do successive gradients point the same way, turn back, or know nothing?

    c = cos(g_t, g_t−1)     successive gradients
    a = cos(D_t, D_t−1)     successive updates
    ρ = cos(g_a, g_b)       the gradients of two halves of one batch, at the same weights

c ≈ ρ > 0 is a consistent slope, c < 0 < ρ bounces between two walls, and ρ ≈ 0 is noise, where c
says nothing. The running sum of g_t · g_t−1 falls below 0 once the loss has settled at this
learning rate (Chee & Toulis, 2018, "Convergence diagnostics for stochastic gradient descent with
constant learning rate", arXiv:1710.06382).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from thalweg.doctor.evidence import Estimate
from thalweg.doctor.measure.estimate import spread
from thalweg.probe.direction import cosine


def successive(vectors: Sequence[Tensor]) -> Estimate | None:
    """The cosine between each vector and the one before it.

    Args:
        vectors: gradients or updates in order, each of shape (weights,).

    Returns:
        The median and the spread; None for fewer than two.

    Example:
        >>> import torch
        >>> successive([torch.tensor([1.0]), torch.tensor([-2.0]), torch.tensor([3.0])]).value
        -1.0
    """
    return spread([cosine(one, two) for one, two in pairwise(vectors)])


def pflug(vectors: Sequence[Tensor]) -> float | None:
    """The sum of the products of successive gradients, over the sum of their sizes.

    Args:
        vectors: gradients in order, each of shape (weights,).

    Returns:
        Between -1 and 1: below 0 the run has settled; None for fewer than two.
    """
    pairs = list(pairwise(vectors))
    products = sum(float(one.double() @ two.double()) for one, two in pairs)
    sizes = sum(float(one.double().norm() * two.double().norm()) for one, two in pairs)
    return products / sizes if sizes > 0 else None
