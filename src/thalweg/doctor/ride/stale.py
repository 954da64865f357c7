"""Stale gradients: is what the optimizer is given what the last backward passes have computed?

A hook on each parameter sees what every backward pass adds to its gradient. What has come in since
the last step is the fresh gradient, also where a loop accumulates several batches on purpose; the
rest of what the optimizer is given is left over from earlier steps. A common factor below 1 is
clipping, or a loss scale that was taken out again, and is none of it.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class Fresh:
    """Listens to the gradients that come in from one step to the next.

    Args:
        params: those that ask for a gradient.

    Example:
        >>> weight = torch.ones(2, requires_grad=True)
        >>> weight.sum().backward()
        >>> fresh = Fresh([weight])
        >>> weight.sum().backward()
        >>> fresh.compare()
        (1.0, 2.0)
    """

    def __init__(self, params: Iterable[Tensor]) -> None:
        self.params = [param for param in params if param.requires_grad]
        self.sums: dict[int, Tensor] = {}
        self.hooks = [
            param.register_hook(_Listener(self.sums, number))
            for number, param in enumerate(self.params)
        ]

    @torch.no_grad()
    def compare(self) -> tuple[float, float] | None:
        """Stop listening, and compare with the gradients that the parameters hold.

        Returns:
            The length of what is left over, over that of what came in; and by which factor the
            gradient in use is longer along it. None where nothing came in.
        """
        self.remove()
        used_fresh = fresh_fresh = used_used = 0.0
        for number, param in enumerate(self.params):
            if param.grad is None:
                continue
            used = param.grad.detach().double()
            used = used.to_dense() if used.layout != torch.strided else used
            used_used += float(used.square().sum())
            if number in self.sums:
                fresh = self.sums[number].double()
                used_fresh += float((used * fresh).sum())
                fresh_fresh += float(fresh.square().sum())
        self.sums.clear()
        if not fresh_fresh > 0:
            return None
        factor = used_fresh / fresh_fresh
        kept = min(max(factor, 0.0), 1.0)
        left = used_used - 2 * kept * used_fresh + kept**2 * fresh_fresh
        # Below the digits of the sums nothing is left over.
        left = 0.0 if left < 1e-12 * max(used_used, fresh_fresh) else left
        return (left / fresh_fresh) ** 0.5, factor

    def remove(self) -> None:
        """Leave no hook."""
        for hook in self.hooks:
            hook.remove()
        self.hooks = []


class _Listener:
    """Adds up what comes in for one parameter."""

    def __init__(self, sums: dict[int, Tensor], number: int) -> None:
        self.sums, self.number = sums, number

    def __call__(self, grad: Tensor) -> None:
        grad = grad.detach()
        grad = grad.to_dense() if grad.layout != torch.strided else grad
        held = self.sums.get(self.number)
        self.sums[self.number] = grad.clone() if held is None else held + grad
