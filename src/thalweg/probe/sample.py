"""The probe set: a fixed sample of the data on which every question is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map_only

from thalweg.probe.untouched import loader_kept
from thalweg.tasks.task import Data, Part

USUAL = 1024


@dataclass(frozen=True)
class Sample:
    """Samples and what they should become.

    Attributes:
        inputs: a tensor, for `model(inputs)`; a tuple or list of them, for `model(*inputs)`; or a
            dict of them, for `model(**inputs)`. Row i of each belongs to sample i.
        targets: a tensor, or anything made of tensors with a row for each sample.
    """

    inputs: Any
    targets: Any

    def __len__(self) -> int:
        return _rows(self.inputs)

    def rows(self, index: slice | Tensor) -> Sample:
        """Some of the samples."""
        inputs, targets = tree_map_only(Tensor, lambda one: one[index], (self.inputs, self.targets))
        return Sample(inputs, targets)

    def split(self, size: int) -> list[Sample]:
        """All of them in pieces of at most `size`."""
        return [self.rows(slice(first, first + size)) for first in range(0, len(self), size)]

    def to(self, device: torch.device) -> Sample:
        """The same on another device."""
        inputs, targets = tree_map_only(
            Tensor, lambda one: one.to(device), (self.inputs, self.targets)
        )
        return Sample(inputs, targets)


def sample(data: Any, size: int | None = USUAL, seed: int = 0) -> Sample:
    """Draw a fixed sample.

    A data loader is asked for as many batches as are needed, and its generators are left as they
    were; everything else is sampled without replacement.

    Args:
        data: a `Sample`, a task's `Data` (its training part) or `Part`, a pair (inputs, targets),
            or an iterable of such pairs that can be iterated again, such as a DataLoader.
        size: samples at most; None takes all.
        seed: which ones.

    Returns:
        The sample.

    Raises:
        ValueError: the data are of another kind, empty, or can be iterated only once.

    Example:
        >>> len(sample((torch.ones(50, 2), torch.ones(50)), size=8))
        8
    """
    if size is not None and (type(size) is not int or size < 1):
        raise ValueError(f"probe: samples={size!r} is not a whole number from 1 on; 1024 is usual")
    if isinstance(data, Data):
        data = data.train
    if isinstance(data, Part):
        data = (data.inputs, data.targets)
    if isinstance(data, Sample) or _is_pair(data):
        whole = data if isinstance(data, Sample) else Sample(*data)
        return _drawn(whole, size, seed)
    return _collected(data, size)


def _drawn(whole: Sample, size: int | None, seed: int) -> Sample:
    count = _checked(whole)
    if size is None or size >= count:
        return whole
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:size]
    return whole.rows(order.sort().values)


def _collected(data: Any, size: int | None) -> Sample:
    """The first batches of a loader, as one sample."""
    if not isinstance(data, Iterable):
        raise ValueError(
            f"probe: data are a {type(data).__name__}; give (inputs, targets) or a DataLoader"
        )
    if isinstance(data, Iterator):
        raise ValueError(
            "probe: data can be iterated only once, so looking would use them up; "
            "give the DataLoader itself, or one batch as (inputs, targets)"
        )
    batches: list[Sample] = []
    count = 0
    with loader_kept(data):
        for batch in data:
            if not _is_pair(batch):
                raise ValueError(
                    f"probe: the data loader yields a {type(batch).__name__}; "
                    "pairs (inputs, targets) are needed"
                )
            batches.append(Sample(*batch))
            count += _checked(batches[-1])
            if size is not None and count >= size:
                break
    if not batches:
        raise ValueError("probe: the data loader yields nothing; is its data set empty?")
    return _joined(batches).rows(slice(0, size))


def _joined(batches: list[Sample]) -> Sample:
    leaves = [tree_flatten((one.inputs, one.targets)) for one in batches]
    spec = leaves[0][1]
    columns = zip(*(found for found, _ in leaves), strict=True)
    inputs, targets = spec.unflatten([torch.cat(column) for column in columns])
    return Sample(inputs, targets)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and _has_tensor(value[0])


def _has_tensor(value: Any) -> bool:
    leaves = tree_flatten(value)[0]
    return bool(leaves) and all(isinstance(leaf, Tensor) for leaf in leaves)


def _rows(inputs: Any) -> int:
    leaf = tree_flatten(inputs)[0][0]
    return len(leaf) if leaf.ndim else 0


def _checked(whole: Sample) -> int:
    """How many samples there are; the same number everywhere, and at least one."""
    leaves = tree_flatten((whole.inputs, whole.targets))[0]
    counts = {len(leaf) if isinstance(leaf, Tensor) and leaf.ndim else 0 for leaf in leaves}
    if len(counts) != 1 or 0 in counts:
        found = " and ".join(map(str, sorted(counts)))
        raise ValueError(f"probe: inputs and targets have {found} rows; as many of each are needed")
    return counts.pop()
