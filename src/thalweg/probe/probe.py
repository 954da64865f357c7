"""The loss as a function of the weights alone: fixed samples, fixed mode, nothing left behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from thalweg.probe.mode import Mode, averaging, norms, switched
from thalweg.probe.sample import USUAL, Sample, sample
from thalweg.probe.untouched import randomness_kept
from thalweg.probe.weights import Weights
from thalweg.train.seeds import Seeds

GROUPS = 16
"""Groups of samples whose means tell how uncertain the mean of all is."""


@dataclass(frozen=True)
class Probe:
    """A loss to be asked: `value`, `gradient` and `curve` take the weights as one vector.

    The user's model is never written to: the weights go in through `functional_call`, buffers as
    copies, and flags are put back after every call. Make one with `Probe.of`.

    Attributes:
        model: the user's.
        loss: `loss(output, targets)`, a scalar: the mean over the samples.
        sample: on the model's device.
        mode: of batch normalisation, see `thalweg.probe.mode`.
        chunk: samples in one forward pass. In modes other than "running" it is part of the
            question, since each chunk is normalised by itself.
        weights: the map from vectors to parameters.

    Example:
        >>> model = nn.Linear(2, 1)
        >>> data = (torch.randn(64, 2), torch.randn(64, 1))
        >>> probe = Probe.of(model, nn.functional.mse_loss, data)
        >>> here = probe.here()
        >>> slope = probe.gradient(here)
        >>> probe.value(here - 1e-3 * slope) < probe.value(here)
        True
    """

    model: nn.Module
    loss: Callable[[Any, Any], Tensor]
    sample: Sample
    mode: Mode
    chunk: int
    weights: Weights

    @classmethod
    def of(
        cls,
        model: nn.Module,
        loss: Callable[[Any, Any], Tensor],
        data: Any,
        *,
        samples: int | None = USUAL,
        mode: Mode = "running",
        chunk: int | None = None,
        seed: int = 0,
    ) -> Probe:
        """Make a probe, and try it once.

        Args:
            model: on one device.
            loss: `loss(output, targets)`, a scalar: the mean over the samples.
            data: as `thalweg.probe.sample` takes them.
            samples: how many at most; None takes all.
            mode: of batch normalisation.
            chunk: samples in one forward pass; None is all of them, at most 1024.
            seed: which samples.

        Returns:
            The probe.

        Raises:
            ValueError: the model or the loss fails on the samples, the loss is not one number or
                has no slope, or it is not the same when asked again.
        """
        weights = Weights.of(model)
        drawn = sample(data, samples, seed).to(weights.device)
        size = min(len(drawn), USUAL) if chunk is None else chunk
        probe = cls(model, loss, drawn, mode, size, weights)
        probe._try()
        return probe

    def here(self) -> Tensor:
        """The model's present weights, a copy, shape (weights,)."""
        return self.weights.read(self.model)

    def value(self, vector: Tensor) -> float:
        """The mean loss over the sample at some weights; infinite or NaN where it is.

        Args:
            vector: shape (weights,).
        """
        with self.ready(), torch.no_grad():
            return self._mean(self.outputs(vector))

    def noise(self, vector: Tensor) -> float:
        """The standard error of `value` due to the choice of samples, of sixteen groups' means.

        It is 0 where there are fewer than two samples.
        """
        size = -(-len(self.sample) // GROUPS)
        with self.ready(), torch.no_grad():
            buffers = self.buffers(vector)
            means = torch.tensor(
                [
                    float(self.loss_of(self.weights.named(vector), buffers, some))
                    for some in self.sample.split(size)
                    if len(some) == size
                ],
                dtype=torch.float64,
            )
        return float(means.std()) / math.sqrt(len(means)) if len(means) > 1 else 0.0

    def gradient(self, vector: Tensor) -> Tensor:
        """The gradient of `value`, shape (weights,)."""
        with self.ready(), torch.enable_grad():
            leaf = vector.detach().clone().requires_grad_()
            buffers = self.buffers(vector)
            total = torch.zeros_like(leaf)
            for some in self.pieces():
                part = self.loss_of(self.weights.named(leaf), buffers, some)
                total += torch.autograd.grad(part, leaf)[0] * (len(some) / len(self.sample))
        return total

    def curve(self, vector: Tensor, direction: Tensor) -> Tensor:
        """The Hessian of `value` times a direction, shape (weights,).

        By differentiating twice. Attention is computed by its plain formula meanwhile, since the
        fused kernels can be differentiated only once.

        Raises:
            ValueError: a part of the model can't be differentiated twice.
        """
        with self.ready(), torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            leaf = vector.detach().clone().requires_grad_()
            buffers = self.buffers(vector)
            total = torch.zeros_like(leaf)
            for some in self.pieces():
                part = self.loss_of(self.weights.named(leaf), buffers, some)
                (slope,) = torch.autograd.grad(part, leaf, create_graph=True)
                total += self._twice(slope, leaf, direction) * (len(some) / len(self.sample))
        return total

    @contextmanager
    def ready(self) -> Iterator[None]:
        """The model in its mode and randomness put aside; inside, ask as often as you like."""
        with randomness_kept(), switched(self.model, self.mode):
            # What draws in spite of eval mode draws the same every time.
            Seeds.of(0).seed_dropout(1, cuda=self.weights.device.type == "cuda")
            yield

    def pieces(self) -> list[Sample]:
        """The sample in chunks."""
        return self.sample.split(self.chunk)

    def loss_of(
        self, params: dict[str, Tensor], buffers: dict[str, Tensor], some: Sample
    ) -> Tensor:
        """The loss of some samples; a pure function, for `torch.func`. Only while `ready`.

        Args:
            params: name to weights.
            buffers: name to buffer, as `buffers` gives them.
            some: samples.
        """
        kind = type(some.inputs)
        args = some.inputs if kind in (tuple, list) else () if kind is dict else (some.inputs,)
        named = some.inputs if kind is dict else {}
        output = functional_call(self.model, {**params, **buffers}, tuple(args), named)
        return self.loss(output, some.targets)

    def buffers(self, vector: Tensor) -> dict[str, Tensor]:
        """Copies of the model's buffers, for these weights: recalibrated if that is the mode."""
        held = {name: one.detach().clone() for name, one in self.model.named_buffers()}
        if self.mode == "recalibrated" and norms(self.model):
            self._recalibrate(vector, held)
        return held

    def outputs(self, vector: Tensor) -> list[tuple[Tensor, int]]:
        """The loss of each chunk at some weights, and how many samples it is of."""
        params, buffers = self.weights.named(vector), self.buffers(vector)
        return [(self.loss_of(params, buffers, some), len(some)) for some in self.pieces()]

    def _mean(self, parts: list[tuple[Tensor, int]]) -> float:
        # In float64: along a line, losses differ in digits that a float32 sum does not keep.
        return sum(part.double().item() * count for part, count in parts) / len(self.sample)

    @torch.no_grad()
    def _recalibrate(self, vector: Tensor, held: dict[str, Tensor]) -> None:
        """Make the averages anew, then let the layers use them."""
        layers = norms(self.model)
        places = {id(one): name for name, one in self.model.named_buffers()}
        for layer in layers:
            layer.training = True
            for buffer in layer.buffers(recurse=False):
                held[places[id(buffer)]].zero_()
        params = self.weights.named(vector)
        with averaging(layers):
            for some in self.pieces():
                self.loss_of(params, held, some)
        for layer in layers:
            layer.training = False

    def _twice(self, slope: Tensor, leaf: Tensor, direction: Tensor) -> Tensor:
        if not slope.requires_grad:
            return torch.zeros_like(leaf)  # the loss is linear in the weights
        try:
            if _is_cut(slope):
                raise RuntimeError("a function is marked with once_differentiable")
            return torch.autograd.grad(slope, leaf, direction)[0]
        except RuntimeError as error:
            raise ValueError(
                f"probe: the model can't be differentiated twice ({_first_line(error)}); "
                "what needs curvature is left out, step ratio and critical multiplier remain"
            ) from error

    def _try(self) -> None:
        """One loss, twice, with its slope: what is wrong is said now."""
        here = self.here()
        try:
            with self.ready(), torch.enable_grad():
                leaf = here.requires_grad_()
                some = self.pieces()[0]
                first, again = (
                    self.loss_of(self.weights.named(leaf), self.buffers(here.detach()), some)
                    for _ in range(2)
                )
        except ValueError:
            raise
        except Exception as error:
            raise ValueError(
                f"probe: the model or its loss fails on {len(self.pieces()[0])} samples: "
                f"{_first_line(error)}"
            ) from error
        _check(first, again)


def _check(first: Any, again: Any) -> None:
    if not isinstance(first, Tensor) or first.numel() != 1:
        found = tuple(first.shape) if isinstance(first, Tensor) else type(first).__name__
        raise ValueError(
            f"probe: the loss is {found}, not one number; take the mean over the batch"
        )
    if not first.requires_grad:
        raise ValueError(
            "probe: the loss does not depend on the weights; look for detach, item or no_grad"
        )
    one, two = first.item(), again.item()
    if one != two and math.isfinite(one) and abs(one - two) > 1e-4 * abs(one):
        raise ValueError(
            f"probe: the loss of the same weights and samples was {one:.6g}, then {two:.6g}; "
            "it must be the same when asked again: fix its random draws"
        )


def _is_cut(slope: Tensor) -> bool:
    """A function that can be differentiated once stands in the slope's graph.

    Its error is raised only if the way to the weights leads through it; another way around it, or
    none, would give a wrong product and no error.
    """
    left, seen = [slope.grad_fn], set()
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        if node.name() == "torch::autograd::Error":
            return True
        seen.add(node)
        left += [inner for inner, _ in node.next_functions]
    return False


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]
