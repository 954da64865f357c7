"""Adaptive rules: is the divisor still about the gradient, or about eps and the past?

A rule such as Adam divides by √v̂ + ε. Where √v̂ sinks to ε, it is gradient descent with a tiny
learning rate (Wortsman et al., 2023, arXiv:2309.14322). Where gradients are much larger than v
remembers, sqrt(mean(g² / max(v, ε²))) rises above 1: a spike is near (ibid., section 3.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from thalweg.doctor.measure.rule import hypers_of, name_of
from thalweg.probe.edge import scale

MOST = 2**20


def epsilon_share(optimizer: Optimizer) -> float | None:
    """The median of √v̂ / ε over all coordinates; None for rules without either.

    Coordinates whose gradient was always 0 are left out: an unused row of an embedding.
    """
    ratios = [
        (whole - eps).flatten() / eps for _, whole, eps in _scales(optimizer) if eps and eps > 0
    ]
    if not ratios:
        return None
    every = torch.cat([one[:: max(one.numel() // MOST, 1)] for one in ratios])
    used = every[every > 0]
    return float(used.median()) if len(used) else 0.0


def surprise(optimizer: Optimizer) -> float | None:
    """The largest sqrt(mean(g² / v̂)) of a parameter, with the gradients that parameters hold."""
    found: list[float] = []
    for param, whole, eps in _scales(optimizer):
        if param.grad is not None and param.grad.layout == torch.strided:
            floor = eps if eps and eps > 0 else torch.finfo(torch.float32).tiny
            ratio = param.grad.detach() / (whole - eps).clamp(min=floor)
            found.append(float(ratio.double().square().mean().sqrt()))
    return max(found, default=None)


def _scales(optimizer: Optimizer) -> Iterator[tuple[Tensor, Tensor, float]]:
    rule = name_of(optimizer)
    for group in optimizer.param_groups:
        hypers: Mapping[str, Any] = hypers_of(optimizer, group)
        for param in group["params"]:
            held = optimizer.state.get(param, {})
            if held:
                whole = scale(rule, hypers, held, int(float(held.get("step", 1))))
                if whole is not None:
                    yield param, whole.detach(), float(hypers.get("eps", 0.0))
