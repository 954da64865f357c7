"""Rows dealt into parts: the same rows every time, each class in every part."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from thalweg.tasks.task import Data, Part

# To fit, to choose by, to report once.
SHARES = (0.6, 0.2, 0.2)


def deal(
    rows: int, shares: Sequence[float], *, seed: int, classes: Tensor | None = None
) -> list[Tensor]:
    """Deal row numbers into parts at random.

    Args:
        rows: how many rows there are.
        shares: the share of each part; they add up to 1.
        seed: decides which row goes where.
        classes: the class number of each row, shape (rows,); each class is then dealt by itself, so
            that every part holds it in the same share. Classes too small for that are dealt as one.

    Returns:
        One tensor of ascending row numbers per part; each row is in exactly one.

    Examples:
        >>> [len(part) for part in deal(10, (0.6, 0.2, 0.2), seed=0)]
        [6, 2, 2]
    """
    # RandomState's stream is frozen for good (NEP 19); torch.randperm and numpy's Generator may
    # change theirs, and with it every split.
    random = np.random.RandomState(seed)
    kinds = _kinds(rows, classes, smallest=math.ceil(1 / min(shares)))
    parts: list[list[np.ndarray]] = [[] for _ in shares]
    for kind in np.unique(kinds):
        members = random.permutation(np.flatnonzero(kinds == kind))
        cuts = np.rint(np.cumsum(shares)[:-1] * len(members)).astype(np.int64)
        for part, dealt in zip(parts, np.split(members, cuts), strict=True):
            part.append(dealt)
    return [torch.from_numpy(np.sort(np.concatenate(part))) for part in parts]


def _kinds(rows: int, classes: Tensor | None, *, smallest: int) -> np.ndarray:
    if classes is None:
        return np.zeros(rows, dtype=np.int64)
    # Whole numbers may be measurements as well, each its own class of one row; rounded one by one,
    # all of them would land in the largest part.
    _, kinds, sizes = np.unique(classes.numpy(), return_inverse=True, return_counts=True)
    return np.where(sizes[kinds] < smallest, -1, kinds)


def class_numbers(targets: Tensor) -> Tensor | None:
    """The targets if they are one class number per row, otherwise None."""
    whole = targets.ndim == 1 and not targets.dtype.is_floating_point
    return targets if whole and not targets.dtype.is_complex else None


def split(inputs: Tensor, targets: Tensor, *, seed: int, classes: Tensor | None = None) -> Data:
    """Deal samples into 60 % train, 20 % validation and 20 % test.

    Args:
        inputs: one sample per row.
        targets: what each row should become.
        seed: decides which row goes where.
        classes: what to balance the parts by, shape (rows,); None takes the targets where they are
            class numbers.

    Returns:
        The three parts.
    """
    classes = class_numbers(targets) if classes is None else classes
    dealt = deal(len(inputs), SHARES, seed=seed, classes=classes)
    train, validation, test = (Part(inputs[rows], targets[rows]) for rows in dealt)
    return Data(train, validation, test)


def cut(train: Part, share: float, *, seed: int) -> tuple[Part, Part]:
    """Cut a validation part out of the training part.

    Args:
        train: the samples to cut from.
        share: the share that goes to validation, between 0 and 1.
        seed: decides which rows go.

    Returns:
        What is left to train on, and the validation part.

    Raises:
        ValueError: `share` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"validation={share} is outside (0, 1); 0.2 is usual")
    classes = class_numbers(train.targets)
    dealt = deal(len(train), (1 - share, share), seed=seed, classes=classes)
    rest, held_out = (Part(train.inputs[rows], train.targets[rows]) for rows in dealt)
    return rest, held_out
