"""The ends of the Hessian's spectrum: how steep the steepest wall is, whether ground falls away.

By Lanczos (ARPACK, implicitly restarted) on products of the Hessian with a vector, on one fixed
sample. Power iteration alone would return whichever end is larger in size, and a new batch for
every product never converges.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from thalweg.probe.probe import Probe

TOLERANCE = 1e-3


@dataclass(frozen=True)
class Spectrum:
    """Both ends of a spectrum.

    Attributes:
        top: the largest eigenvalues, the largest first, shape (count,).
        bottom: the smallest, the smallest first, shape (count,).
        above: unit eigenvectors of `top`, shape (count, weights).
        below: unit eigenvectors of `bottom`, shape (count, weights).
        products: how many products with the Hessian it took.
        converged: False where the iteration was cut short; the values are then bounds from inside.
    """

    top: Tensor
    bottom: Tensor
    above: Tensor
    below: Tensor
    products: int
    converged: bool


def spectrum(
    probe: Probe,
    at: Tensor,
    *,
    count: int = 1,
    scale: Tensor | None = None,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    most: int = 300,
) -> Spectrum:
    """The ends of the spectrum of a loss's Hessian.

    Args:
        probe: the loss.
        at: the weights, shape (weights,).
        count: eigenvalues at each end.
        scale: see the Hessian through this divisor P, shape (weights,): P^-½ H P^-½.
        seed: of the first vector.
        tolerance: relative accuracy.
        most: restarts at most.

    Returns:
        The ends.

    Raises:
        ValueError: the model can't be differentiated twice, or curvature is not finite there.
    """
    root = 1.0 if scale is None else scale.to(at.dtype).rsqrt()

    def product(vector: Tensor) -> Tensor:
        found = root * probe.curve(at, root * vector)
        if not torch.isfinite(found).all():
            raise ValueError("probe: the curvature is not finite at these weights")
        return found

    return ends(product, len(at), like=at, count=count, seed=seed, tolerance=tolerance, most=most)


def ends(
    product: Callable[[Tensor], Tensor],
    size: int,
    *,
    like: Tensor,
    count: int = 1,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    most: int = 300,
) -> Spectrum:
    """The ends of the spectrum of any symmetric product.

    Args:
        product: from a vector of shape (size,) to one.
        size: of the vectors.
        like: gives dtype and device of the vectors.
        count: eigenvalues at each end.
        seed: of the first vector.
        tolerance: relative accuracy.
        most: restarts at most.

    Returns:
        The ends.

    Example:
        >>> diagonal = torch.tensor([-1.0, 0.5, 2.0, 9.0], dtype=torch.float64)
        >>> found = ends(lambda vector: diagonal * vector, 4, like=diagonal)
        >>> round(float(found.top), 6), round(float(found.bottom), 6)
        (9.0, -1.0)
    """
    if size <= 2 * count + 1:
        return _dense(product, size, like, count)
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    products = 0

    def times(vector: np.ndarray) -> np.ndarray:
        nonlocal products
        products += 1
        way = torch.from_numpy(np.ascontiguousarray(vector.reshape(-1))).to(like)
        return product(way).detach().cpu().numpy()

    kind = np.float64 if like.dtype == torch.float64 else np.float32
    settings: dict[str, Any] = {
        "which": "BE",
        "v0": np.random.default_rng(seed).standard_normal(size).astype(kind),
        "ncv": min(size, max(4 * count + 2, 20)),
        "tol": tolerance,
        "maxiter": most,
    }
    operator = cast("Any", LinearOperator)((size, size), matvec=times, dtype=kind)
    converged = True
    try:
        values, vectors = eigsh(operator, 2 * count, **settings)
    except ArpackNoConvergence as error:
        converged = False
        values, vectors = error.eigenvalues, error.eigenvectors
        if len(values) < 2 * count:
            raise ValueError(
                f"probe: the spectrum did not settle in {products} products; "
                "take more samples, or float64"
            ) from error
    found = (torch.from_numpy(values), torch.from_numpy(vectors.T))
    return _sorted(*found, count, products, converged, like)


def _dense(product: Callable[[Tensor], Tensor], size: int, like: Tensor, count: int) -> Spectrum:
    """For the few weights that Lanczos has no room among: the whole matrix."""
    unit = torch.eye(size, dtype=like.dtype, device=like.device)
    matrix = torch.stack([product(row) for row in unit])
    values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    return _sorted(values, vectors.T, min(count, size), size, True, like)


def _sorted(
    values: Tensor, vectors: Tensor, count: int, products: int, converged: bool, like: Tensor
) -> Spectrum:
    order = values.argsort()
    bottom, top = order[:count], order.flip(0)[:count]
    return Spectrum(
        top=values[top].to(like),
        bottom=values[bottom].to(like),
        above=vectors[top].contiguous().to(like),
        below=vectors[bottom].contiguous().to(like),
        products=products,
        converged=converged,
    )
