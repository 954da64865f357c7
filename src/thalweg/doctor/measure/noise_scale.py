"""Gradient noise scale: from how many samples on does a larger batch stop to help?

McCandlish et al. (2018), "An Empirical Model of Large-Batch Training", arXiv:1812.06162, appendix
A.1. With the gradients of small batches of B_s samples and that of all of them together, B_b,

    |G|² = (B_b |G_b|² − B_s |G_s|²) / (B_b − B_s)      the true gradient's squared length
    S    = (|G_s|² − |G_b|²) / (1/B_s − 1/B_b)          the trace of its noise for one sample
    B    = S / |G|²                                     the noise scale, in samples

|G|² and S are averaged separately, since a mean of ratios would be biased. Written with the inner
products of the small batches' gradients, |G|² is the mean over pairs of different batches: that is
what is resampled for the interval. Only an order of magnitude is to be believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from thalweg.doctor.evidence import Estimate
from thalweg.doctor.measure.patient import Patient
from thalweg.probe.sample import Sample

DRAWS = 500
LEAST = 4
MOST = 16
MEMORY = 2**28
"""Numbers held at once: fewer gradients of a model so large that sixteen would not fit."""


@dataclass(frozen=True)
class Noise:
    """What a set of small batches tells.

    Attributes:
        scale: S / |G|², in samples; infinite where no slope is left.
        squared: |G|², without bias: its interval holds 0 where no slope can be told from noise.
        trace: S.
        agreement: mean cosine between the gradients of two different batches.
    """

    scale: Estimate
    squared: Estimate
    trace: Estimate
    agreement: float


def measure(patient: Patient, batches: Sequence[Sample], seed: int = 0) -> Noise | None:
    """Take the gradients of several batches at the same weights.

    Args:
        patient: is not moved.
        batches: different ones of one size. Where there are fewer than eight, they are cut.
        seed: of the bootstrap.

    Returns:
        The noise; None where there are too few samples.
    """
    pieces = _pieces(batches)
    count = min(len(pieces), MOST, max(MEMORY // len(patient.weights), LEAST))
    if count < LEAST:
        return None
    found = [patient.gradient(some, number + 1)[1] for number, some in enumerate(pieces[:count])]
    products = gram(torch.stack(found))
    return from_products(products, len(pieces[0]), seed) if np.isfinite(products).all() else None


def gram(gradients: Tensor) -> np.ndarray:
    """The inner products of gradients, shape (count, count), summed in float64."""
    wide = gradients.double()
    return (wide @ wide.T).cpu().numpy()


def from_products(products: np.ndarray, size: int, seed: int = 0) -> Noise:
    """The noise from the inner products of the gradients of different batches.

    Args:
        products: shape (count, count).
        size: samples in each batch.
        seed: of the bootstrap.

    Example:
        >>> found = from_products(np.eye(4) + 1.0, size=8)
        >>> found.squared.value, found.trace.value, found.scale.value
        (1.0, 8.0, 8.0)
    """
    count = len(products)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    weights = np.vstack([np.ones(count), drawn]).astype(float)
    own = np.diag(products)
    # Pairs of different batches only: a batch drawn twice agrees with itself, noise and all.
    pairs = np.einsum("ni,ij,nj->n", weights, products - np.diag(own), weights)
    many = weights.sum(1) ** 2 - (weights**2).sum(1)
    usable = many > 0
    squared = pairs[usable] / many[usable]
    trace = size * (weights[usable] @ own / count - squared)
    ratio = np.divide(trace, squared, out=np.full_like(trace, np.inf), where=squared > 0)
    lengths = np.sqrt(np.outer(own, own))
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    agreement = (cosines.sum() - np.trace(cosines)) / (count * (count - 1))
    scale, length, noise = (_interval(one, count) for one in (ratio, squared, trace))
    return Noise(scale, length, noise, float(agreement))


def efficiency(scale: float, batch: int) -> float:
    """How much of the largest possible progress a step on so many samples makes.

    >>> efficiency(64.0, 64)
    0.5
    """
    return 1 / (1 + max(scale, 0.0) / batch)


def _interval(values: np.ndarray, count: int) -> Estimate:
    low, high = np.quantile(values[1:], (0.025, 0.975), method="nearest")
    return Estimate(float(values[0]), float(low), float(high), count)


def _pieces(batches: Sequence[Sample]) -> list[Sample]:
    """Small batches of one size, none twice: the user's, or pieces of them where they are few."""
    different = list({id(one): one for one in batches}.values())
    if not different:
        return []
    size = len(different[0])
    if len(different) < 2 * LEAST:
        size = max(size // -(-2 * LEAST // len(different)), 1)
    return [some for one in different for some in one.split(size) if len(some) == size]


def pooled(squared: Sequence[float], traces: Sequence[float], seed: int = 0) -> Noise | None:
    """The noise from estimates of |G|² and S along a run, each averaged by itself.

    Args:
        squared: unbiased estimates of |G|², which may be negative.
        traces: unbiased estimates of S, as many.
        seed: of the bootstrap.

    Returns:
        The noise; None for fewer than four estimates.
    """
    count = len(squared)
    if count < LEAST:
        return None
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    weights = np.vstack([np.ones(count), drawn]) / count
    lengths, sums = weights @ np.asarray(squared), weights @ np.asarray(traces)
    ratio = np.divide(sums, lengths, out=np.full_like(sums, np.inf), where=lengths > 0)
    scale, length, noise = (_interval(one, count) for one in (ratio, lengths, sums))
    return Noise(scale, length, noise, agreement=float("nan"))
