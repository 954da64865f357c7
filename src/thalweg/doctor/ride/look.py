"""A look at two successive steps of a running loop: every parameter, and which way they went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from thalweg.doctor.evidence import Layer


@dataclass
class Seen:
    """What the looks so far have found.

    Attributes:
        layers: of the last one.
        alignment: cosine between the gradients of each pair of steps.
        turning: cosine between the updates.
        products: sum of the products of the gradients.
        sizes: sum of the products of their lengths.
        moved: names of parameters that have moved in any of them.
        looks: how many there were.
    """

    layers: list[Layer] = field(default_factory=list[Layer])
    alignment: list[float] = field(default_factory=list[float])
    turning: list[float] = field(default_factory=list[float])
    products: float = 0.0
    sizes: float = 0.0
    moved: set[str] = field(default_factory=set[str])
    looks: int = 0


class Look:
    """Two successive steps: `before` and `after` are called around each of them.

    Args:
        model: the user's; is read only.
        optimizer: tells which parameters are owned.
        seen: is added to.
    """

    def __init__(self, model: nn.Module, optimizer: Any, seen: Seen) -> None:
        self.named = dict(model.named_parameters())
        self.owned = {id(p) for group in optimizer.param_groups for p in group["params"]}
        self.seen = seen
        self.values: list[Tensor] = []
        self.first: tuple[list[Tensor], list[Tensor]] | None = None

    @torch.no_grad()
    def before(self) -> None:
        """The weights as they are before a step."""
        self.values = [param.detach().clone() for param in self.named.values()]

    @torch.no_grad()
    def after(self) -> bool:
        """What the step has done; True once both steps have been seen."""
        params = list(self.named.values())
        updates = [p.detach() - old for p, old in zip(params, self.values, strict=True)]
        grads = [_dense(param) for param in params]
        if self.first is None:
            self.first = (updates, [grad.clone() for grad in grads])
            self._layers(updates, grads)
            return False
        for found, ones, others in (
            (self.seen.turning, self.first[0], updates),
            (self.seen.alignment, self.first[1], grads),
        ):
            product, size = _product(ones, others)
            if size > 0:
                found.append(product / size)
            if found is self.seen.alignment:
                self.seen.products += product
                self.seen.sizes += size
        self.seen.looks += 1
        return True

    def _layers(self, updates: list[Tensor], grads: list[Tensor]) -> None:
        # One transfer for all of them: on a GPU, every number read alone is a wait.
        norms = torch.stack([_norms(group) for group in (self.values, grads, updates)]).tolist()
        params = self.named.values()
        lost = [_lost(param, update) for param, update in zip(params, updates, strict=True)]
        found: list[Layer] = []
        for place, (name, param) in enumerate(self.named.items()):
            weight, gradient, update = (column[place] for column in norms)
            if update > 0:
                self.seen.moved.add(name)
            found.append(
                Layer(
                    name=name,
                    shape=tuple(param.shape),
                    depth=None,
                    weight=weight,
                    gradient=None if param.grad is None else gradient,
                    update=update,
                    trainable=param.requires_grad,
                    owned=id(param) in self.owned,
                    moved=name in self.seen.moved,
                    unrounded=lost[place],
                    dtype=str(param.dtype).removeprefix("torch."),
                )
            )
        self.seen.layers = found


def _lost(param: Tensor, update: Tensor) -> float | None:
    """For half precision: the share of elements with a slope that did not move."""
    if param.dtype not in (torch.float16, torch.bfloat16) or param.grad is None:
        return None
    moving = param.grad != 0
    many = int(moving.sum())
    return int((moving & (update == 0)).sum()) / many if many else 0.0


def _norms(tensors: Sequence[Tensor]) -> Tensor:
    """The length of each tensor, shape (tensors,)."""
    found = [torch.linalg.vector_norm(one, dtype=_wide(one)) for one in tensors]
    return torch.stack([one.double() for one in found])


def _wide(value: Tensor) -> torch.dtype:
    # Sums over half precision overflow; float64 everywhere would double what is read.
    return torch.float64 if value.dtype == torch.float64 else torch.float32


def _dense(param: Tensor) -> Tensor:
    grad = param.grad
    if grad is None:
        return torch.zeros_like(param)
    return grad.detach().to_dense() if grad.layout != torch.strided else grad.detach()


def _product(ones: Sequence[Tensor], others: Sequence[Tensor]) -> tuple[float, float]:
    """The inner product of two lists of tensors, and the product of their lengths."""
    pairs = zip(ones, others, strict=True)
    products = torch.stack([(one * other).sum().double() for one, other in pairs]).sum()
    lengths = [float(nn.utils.get_total_norm(list(group))) for group in (ones, others)]
    return float(products), lengths[0] * lengths[1]
