"""A task: what is minimised, on which data, and what counts as solved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn


@dataclass(frozen=True)
class Part:
    """Samples and what they should become: `inputs[i]` goes with `targets[i]`."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Data:
    """The three parts: to fit, to choose by, and to report once."""

    train: Part
    validation: Part
    test: Part


@dataclass(frozen=True)
class Solved:
    """When a run counts as solved: `metric` (or "loss") on validation reaches `value`.

    `higher` says which way is better.
    """

    metric: str
    value: float
    higher: bool = True


@dataclass(frozen=True)
class Task:
    """What is minimised.

    Attributes:
        name: how the command line calls it.
        about: one sentence.
        make_model: builds the model; called with torch's generator freshly seeded, so the seed
            alone decides the initial weights.
        load: reads or makes the data; always the same.
        loss: `loss(output, targets)`, a scalar: the mean over the batch.
        metrics: name to `metric(output, targets)`, a scalar: the mean over the batch.
        solved: what counts as solved, or None.
        epochs: epochs that usually suffice.
        batch: a usual mini-batch size.
        disjoint: the parts share no sample; False allows it, for a task such as XOR whose few
            rows are all there is.
    """

    name: str
    about: str
    make_model: Callable[[], nn.Module]
    load: Callable[[], Data]
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy
    metrics: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = field(default_factory=dict)
    solved: Solved | None = None
    epochs: int = 30
    batch: int = 64
    disjoint: bool = True
