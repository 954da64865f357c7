"""A step of a running loop, its batch asked again: step ratio, noise and reliability.

Three more gradients of the same batch at the most, without touching those in the parameters: before
the step, after it, and of its halves. With the same random draws each time, and no running average
moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from thalweg.doctor.measure import noise_scale
from thalweg.doctor.measure.patient import Loss, buffers_kept, output
from thalweg.doctor.measure.step_ratio import ratio
from thalweg.probe.direction import cosine
from thalweg.probe.sample import Sample
from thalweg.probe.weights import Weights
from thalweg.train.seeds import generators_kept


@dataclass
class Found:
    """What the replays so far have found, one number for each.

    Attributes:
        ratios: step ratios, where the step went down on its own batch.
        uphill: whether it did not.
        reliabilities: cosine between the gradients of two halves.
        squared: estimates of |G|², which may be negative.
        traces: estimates of S.
    """

    ratios: list[float] = field(default_factory=list[float])
    uphill: list[bool] = field(default_factory=list[bool])
    reliabilities: list[float] = field(default_factory=list[float])
    squared: list[float] = field(default_factory=list[float])
    traces: list[float] = field(default_factory=list[float])


class Replay:
    """One step: made before it, and finished after it.

    Args:
        model: the user's, in the mode that it is trained in.
        loss: `loss(output, targets)`.
        batch: of this step.
        found: is added to.
    """

    def __init__(self, model: nn.Module, loss: Loss, batch: Sample, found: Found) -> None:
        self.model, self.loss, self.batch, self.found = model, loss, batch, found
        self.weights = Weights.of(model)
        self.before = self._gradient(batch)
        self.at = self.weights.read(model)
        self._halves()

    def finish(self) -> None:
        """The step has been taken."""
        update = self.weights.read(self.model) - self.at
        downhill = float(self.before.double() @ update.double()) < 0
        self.found.uphill.append(not downhill and bool(update.any()))
        if downhill:
            self.found.ratios.append(ratio(self.before, self._gradient(self.batch), update))

    def _halves(self) -> None:
        half = len(self.batch) // 2
        if half < 1:
            return
        one, other = (self._gradient(some) for some in self.batch.split(half)[:2])
        self.found.reliabilities.append(cosine(one, other))
        products = noise_scale.gram(torch.stack([one, other]))
        squared = float(products[0, 1])
        self.found.squared.append(squared)
        self.found.traces.append(half * (float(np.trace(products)) / 2 - squared))

    def _gradient(self, some: Sample) -> Tensor:
        """The gradient of some samples, shape (weights,); the parameters' own stays as it is."""
        params = dict(self.model.named_parameters())
        wanted = [params[block.name] for block in self.weights.blocks]
        with self._same_draws(), torch.enable_grad():
            loss = self.loss(output(self.model, some), some.targets)
            slopes = torch.autograd.grad(loss, wanted, allow_unused=True)
        named = zip(self.weights.blocks, wanted, slopes, strict=True)
        return self.weights.flat(
            {b.name: torch.zeros_like(p) if s is None else s.detach() for b, p, s in named}
        )

    @contextmanager
    def _same_draws(self) -> Iterator[None]:
        with generators_kept(), buffers_kept(self.model):
            torch.manual_seed(0)
            yield
