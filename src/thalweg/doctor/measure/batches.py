"""The user's own batches, as many as are needed, and what is known of where they came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from thalweg.probe.sample import Sample, sample
from thalweg.probe.untouched import loader_kept
from thalweg.tasks.task import Data, Part

USUAL = 64


@dataclass(frozen=True)
class Batches:
    """Batches as the user trains on them.

    Attributes:
        found: the batches, each of them once.
        size: samples in the first.
        samples: in the whole training part; None where the data does not say.
    """

    found: list[Sample]
    size: int
    samples: int | None

    def cycle(self, count: int) -> list[Sample]:
        """So many batches, from the first again where they run out."""
        return [self.found[number % len(self.found)] for number in range(count)]


def batches(
    data: Any, count: int, device: torch.device, *, size: int | None = None, seed: int = 0
) -> Batches:
    """Take the first batches of some data, and leave it where it stood.

    Args:
        data: as `thalweg.probe.sample` takes them.
        count: how many at most.
        device: where they shall lie.
        size: samples in a batch, where the data has no batches of its own; None is 64, or the
            whole data if that is less.
        seed: of the order, where the data has none of its own.

    Returns:
        The batches.

    Raises:
        ValueError: the data are of another kind, yield nothing or can be iterated only once; a
            size that is no whole number from 1 on.

    Example:
        >>> data = (torch.ones(100, 2), torch.ones(100))
        >>> [len(one) for one in batches(data, 9, torch.device("cpu"), size=40).found]
        [40, 40]
    """
    if size is not None and (type(size) is not int or size < 1):
        raise ValueError(f"doctor: batch={size!r} is not a whole number from 1 on; 64 is usual")
    if isinstance(data, Data | Part | Sample) or _is_rows(data):
        whole = sample(data, None)
        many = min(size or USUAL, len(whole))
        order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(seed))
        # The last piece of an epoch may be short; it is no example of a batch.
        pieces = [index for index in order.split(many)[:count] if len(index) == many]
        found = [whole.rows(index.sort().values).to(device) for index in pieces]
        return Batches(found, many, len(whole))
    sample(data, 1)  # which says what is wrong with a loader, in one line
    found = []
    with loader_kept(data):
        for pair in data:
            found.append(sample(tuple(pair), None).to(device))
            if len(found) == count:
                break
    return Batches(found, len(found[0]), _count(data))


def _is_rows(data: Any) -> bool:
    return not isinstance(data, Iterable) or (
        isinstance(data, tuple | list) and len(data) == 2 and not _is_pair(data[0])
    )


def _is_pair(value: Any) -> bool:
    """A batch in a list of two batches, which is a loader of sorts."""
    return isinstance(value, tuple | list) and len(value) == 2


def _count(loader: Any) -> int | None:
    try:
        return len(loader.dataset)
    except (AttributeError, TypeError):
        return None
