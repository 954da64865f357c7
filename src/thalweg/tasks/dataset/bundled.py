"""The data sets that lie in scikit-learn's wheel: real, small, and read without a network."""

from __future__ import annotations

import torch
from torch import Tensor


def bundled(name: str) -> tuple[Tensor, Tensor]:
    """Read a data set that comes with scikit-learn.

    Args:
        name: its name there, such as "digits".

    Returns:
        Inputs in float64, shape (rows, columns), and targets as stored, shape (rows,).

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
    """
    try:
        from sklearn import datasets
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{name}: its data come with scikit-learn, which is not installed; "
            "pip install 'thalweg[lab]'"
        ) from error
    bunch = getattr(datasets, f"load_{name}")()
    return torch.from_numpy(bunch.data).double(), torch.from_numpy(bunch.target)
