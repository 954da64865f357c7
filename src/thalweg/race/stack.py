"""A stack: copies of one model, each with weights of its own, computed as one model.

A small model keeps a processor busy with Python, not with arithmetic. `vmap` turns the model and
its loss into functions of all copies' weights, stacked along a new first axis, and one call does
the work of as many as there are copies. No copy sees another: nothing is added up along that axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from thalweg.race.replay import Replay
from thalweg.race.samples_last import SamplesLast
from thalweg.tasks.task import Part, Task
from thalweg.train.evaluate import eval_mode

AT_ONCE = 64
"""Copies computed in one go. More outgrow the cache and gain nothing."""


@dataclass
class Stack:
    """Copies of one model.

    Attributes:
        task: its loss and metrics are used.
        model: one of the copies, for its structure.
        names: of the trainable parameters.
        weights: all copies' values of each, shape (copies, ...).
        fixed: what no training changes, stacked likewise: frozen parameters and buffers.
        gradients: of `weights`, written anew by `gradient`; None for what the loss does not use.
    """

    task: Task
    model: nn.Module
    names: list[str]
    weights: list[Tensor]
    fixed: dict[str, Tensor]
    gradients: list[Tensor | None] = field(default_factory=list[Tensor | None])
    _replays: dict[Any, Replay] = field(default_factory=dict[Any, Replay], repr=False)

    @classmethod
    def of(cls, task: Task, models: Sequence[nn.Module]) -> Stack:
        """Stack models of one make; they are not changed, and share no memory with the stack."""
        first = models[0]
        names = [name for name, param in first.named_parameters() if param.requires_grad]
        states = [dict([*one.named_parameters(), *one.named_buffers()]) for one in models]
        whole = {name: torch.stack([one[name].detach() for one in states]) for name in states[0]}
        weights = [whole.pop(name) for name in names]
        return cls(task, first, names, weights, whole)

    def __len__(self) -> int:
        return len(self.weights[0])

    def at(self, rows: Sequence[int]) -> Stack:
        """The copies of these rows as a stack of their own."""
        index = torch.tensor(rows, dtype=torch.long, device=self.weights[0].device)
        weights = [value.index_select(0, index) for value in self.weights]
        fixed = {name: value.index_select(0, index) for name, value in self.fixed.items()}
        some = [None if one is None else one.index_select(0, index) for one in self.gradients]
        return Stack(self.task, self.model, self.names, weights, fixed, some)

    def gradient(self, inputs: Tensor, targets: Tensor) -> list[float]:
        """Every copy's loss on its own batch; its gradient goes to `gradients`.

        Args:
            inputs: shape (copies, samples, ...).
            targets: shape (copies, samples, ...).

        Returns:
            The losses.
        """
        losses: list[float] = []
        for rows in self._spans():
            loss, *slopes = self._call(self._slopes, rows, inputs[rows], targets[rows])
            there = [into[rows] for into in self.gradients if into is not None]
            for into, slope in zip(there, slopes, strict=True):
                into.copy_(slope)
            losses += loss.tolist()
        return losses

    @torch.no_grad()
    def evaluate(self, part: Part) -> list[dict[str, float]]:
        """What `thalweg.train.evaluate` says of each copy: the same pieces, weighted alike."""
        size, names = 4 * self.task.batch, ("loss", *self.task.metrics)
        pieces = list(zip(part.inputs.split(size), part.targets.split(size), strict=True))
        found: list[dict[str, float]] = []
        with eval_mode(self.model):
            for rows in self._spans():
                copies = len(self.weights[0][rows])
                total = torch.zeros(copies, len(names), dtype=torch.float64)
                for piece in pieces:
                    # Spread over the copies, though it is the same for all: else torch would join
                    # them to one product, whose rounding depends on how many they are.
                    spread = [one.expand(copies, *one.shape) for one in piece]
                    figures = self._call(self._figures, rows, *spread)
                    total += torch.stack(list(figures), 1).cpu() * len(piece[0])
                means = (total / len(part)).tolist()
                found += [dict(zip(names, row, strict=True)) for row in means]
        return found

    def _spans(self) -> Iterator[slice]:
        for first in range(0, len(self), AT_ONCE):
            yield slice(first, first + AT_ONCE)

    def _call(
        self, function: Callable[..., list[Tensor]], rows: slice, inputs: Tensor, targets: Tensor
    ) -> Sequence[Tensor]:
        """Call a function of some copies, or have it replayed where it has seen such tensors."""
        shapes = [(one.shape, one.stride()) for one in (inputs, targets)]
        again = self._replays.setdefault((function.__name__, *shapes), Replay(function))
        held = [one[rows] for one in (*self.weights, *self.fixed.values())]
        return again(*held, inputs, targets)

    def _slopes(self, *tensors: Tensor) -> list[Tensor]:
        """The losses, and their gradients with respect to the weights that they depend on."""
        leaves = [one.detach().requires_grad_() for one in tensors[: len(self.names)]]
        loss = vmap(self._loss)(*leaves, *tensors[len(self.names) :])
        # Each loss knows the weights of one copy, so the gradient of their sum holds all.
        slopes = torch.autograd.grad(loss.sum(), leaves, allow_unused=True)
        if not self.gradients:
            pairs = zip(slopes, self.weights, strict=True)
            self.gradients = [None if s is None else torch.empty_like(w) for s, w in pairs]
        return [loss, *(slope for slope in slopes if slope is not None)]

    def _figures(self, *tensors: Tensor) -> list[Tensor]:
        """The losses and every metric, in float64."""
        return [one.double() for one in vmap(self._measure)(*tensors)]

    def _loss(self, *tensors: Tensor) -> Tensor:
        with SamplesLast():
            return self.task.loss(self._output(*tensors), tensors[-1])

    def _measure(self, *tensors: Tensor) -> list[Tensor]:
        with SamplesLast():
            # Metrics look along rows, which argmax does ten times as fast where they are together.
            output = self._output(*tensors).contiguous()
            return [
                one(output, tensors[-1]) for one in (self.task.loss, *self.task.metrics.values())
            ]

    def _output(self, *tensors: Tensor) -> Tensor:
        *held, inputs, _ = tensors
        named = dict(zip((*self.names, *self.fixed), held, strict=True))
        return functional_call(self.model, named, (inputs,))
