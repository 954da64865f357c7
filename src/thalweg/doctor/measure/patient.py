"""The patient: a copy of a model and its optimizer, on which steps are tried.

Losses and gradients are taken in the mode that the model is trained in (dropout on, batch
normalisation by the batch), with the same random draws whenever the same batch is asked again. So
two losses of one batch differ by the weights alone.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from thalweg.probe.sample import Sample
from thalweg.probe.weights import Weights
from thalweg.train.seeds import Seeds

Loss = Callable[[Any, Any], Tensor]


@dataclass
class Patient:
    """A model and its optimizer, to be asked and stepped.

    Attributes:
        model: in the mode it is trained in.
        optimizer: of its parameters.
        loss: `loss(output, targets)`, a scalar.
        weights: the map from vectors to parameters.
        clip_norm: gradients longer than this are shortened to it before a step; None leaves them.
        copied: it is a copy; else the user's own, which somebody must put back.
    """

    model: nn.Module
    optimizer: Optimizer
    loss: Loss
    weights: Weights
    clip_norm: float | None = None
    copied: bool = True

    @classmethod
    def of(
        cls, model: nn.Module, optimizer: Optimizer, loss: Loss, clip_norm: float | None = None
    ) -> Patient:
        """Copy a model and its optimizer together; where that fails, take the user's own.

        Args:
            model: if it is in eval mode as a whole, its copy is put into train mode.
            optimizer: of the model's parameters, or of some of them.
            loss: `loss(output, targets)`.
            clip_norm: as the user's loop clips.
        """
        weights = Weights.of(model)
        twin, stepper, copied = model, optimizer, False
        # A tensor in the midst of a graph can't be copied, and optimizers refuse as they like.
        with suppress(RuntimeError, TypeError, NotImplementedError, AttributeError):
            twin, stepper = copy.deepcopy((model, optimizer))
            copied = _belongs(stepper, twin, optimizer, model)
        if not copied:
            twin, stepper = model, optimizer
        if not twin.training:
            twin.train()
        return cls(twin, stepper, loss, weights, clip_norm, copied)

    def read(self) -> Tensor:
        """The weights, a copy, shape (weights,)."""
        return self.weights.read(self.model)

    @torch.no_grad()
    def write(self, vector: Tensor) -> None:
        """Put weights into the model."""
        named = self.weights.named(vector)
        for name, param in self.model.named_parameters():
            if name in named:
                param.copy_(named[name])

    def value(self, batch: Sample, seed: int) -> float:
        """The loss of a batch, the same whenever it is asked with the same seed."""
        self.seed(seed)
        with torch.no_grad(), buffers_kept(self.model):
            return self._loss(batch).double().item()

    def gradient(self, batch: Sample, seed: int) -> tuple[float, Tensor]:
        """The loss and gradient of a batch; the gradient stays in the parameters too.

        Returns:
            The loss, and the gradient of shape (weights,): 0 where a parameter has none.
        """
        with buffers_kept(self.model):
            loss = self.backward(batch, seed)
        return loss, self.slope()

    def slope(self) -> Tensor:
        """The gradient that the parameters hold, shape (weights,)."""
        named = self.model.named_parameters()
        return self.weights.flat(
            {n: torch.zeros_like(p) if p.grad is None else _dense(p.grad) for n, p in named}
        )

    def step(self, batch: Sample, seed: int) -> Tensor:
        """The optimizer's own step on a batch; what it moved, shape (weights,)."""
        before = self.read()

        def closure() -> Tensor:
            loss = self.backward(batch, seed)
            self.clip()
            return torch.tensor(loss)

        if _wants_closure(self.optimizer):
            self.optimizer.step(closure)  # type: ignore[arg-type]
        else:
            closure()
            self.optimizer.step()
        return self.read() - before

    def backward(self, batch: Sample, seed: int) -> float:
        """Leave a batch's gradient in the parameters; its loss."""
        self.seed(seed)
        self.model.zero_grad(set_to_none=True)
        with torch.enable_grad():
            loss = self._loss(batch)
            loss.backward()
        return loss.detach().double().item()

    def clip(self) -> None:
        """Shorten the gradient that the parameters hold, as the user's loop does."""
        if self.clip_norm is not None:
            params = [p for g in self.optimizer.param_groups for p in g["params"]]
            nn.utils.clip_grad_norm_(params, self.clip_norm)

    def _loss(self, batch: Sample) -> Tensor:
        return self.loss(output(self.model, batch), batch.targets)

    def seed(self, seed: int) -> None:
        """Point torch's generators at the random draws of a step."""
        cuda = self.weights.device.type == "cuda"
        Seeds.of(0).seed_dropout(seed, cuda=cuda)


def output(model: nn.Module, batch: Sample) -> Any:
    """What a model puts out for a batch, whose inputs may be one tensor, several or named."""
    kind = type(batch.inputs)
    if kind is dict:
        return model(**batch.inputs)
    return model(*batch.inputs) if kind in (tuple, list) else model(batch.inputs)


@contextmanager
def buffers_kept(model: nn.Module) -> Iterator[None]:
    """Leave what a forward pass writes, such as the running averages of batch normalisation."""
    held = [(one, one.detach().clone()) for one in model.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for one, value in held:
                one.copy_(value)


def _belongs(stepper: Optimizer, twin: nn.Module, optimizer: Optimizer, model: nn.Module) -> bool:
    """The copied optimizer moves the copied model's parameters, as many as the user's did."""

    def shared(one: Optimizer, other: nn.Module) -> int:
        held = {id(p) for group in one.param_groups for p in group["params"]}
        return sum(id(p) in held for p in other.parameters())

    # LBFGS and its like keep a second list of parameters, which no copy brings along.
    lost = vars(optimizer).keys() - vars(stepper).keys()
    whole = not any(isinstance(vars(optimizer)[name], list | dict | Tensor) for name in lost)
    return whole and shared(stepper, twin) == shared(optimizer, model)


def _wants_closure(optimizer: Optimizer) -> bool:
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def _dense(grad: Tensor) -> Tensor:
    return grad.detach().to_dense() if grad.layout != torch.strided else grad.detach()
