"""What a watch has written down, and the evidence that it makes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from thalweg.doctor.evidence import Evaluation, Evidence, Point
from thalweg.doctor.measure import noise_scale, wiring
from thalweg.doctor.measure.estimate import spread
from thalweg.doctor.measure.rule import hypers_of, name_of
from thalweg.doctor.past.observed import reasons
from thalweg.doctor.past.schedule import describe
from thalweg.doctor.ride.look import Seen
from thalweg.doctor.ride.replay import Found
from thalweg.doctor.ride.trace import Trace
from thalweg.probe.mode import norms
from thalweg.probe.probe import Probe

if TYPE_CHECKING:
    from thalweg.doctor.ride.watch import Watch

SAME = 1e-3
"""Gradient norms that agree so well with the largest were cut to it."""


@dataclass
class Journal:
    """Histories and findings of a watch.

    Attributes:
        fresh: the optimizer had taken no step when the watch began.
        training: the mode of the model in its last call with gradients.
        size: samples in the last batch.
        awake: forward passes without gradients, in train mode.
    """

    fresh: bool
    training: bool | None = None
    size: int | None = None
    awake: int = 0
    losses: Trace = field(default_factory=Trace)
    rates: Trace = field(default_factory=Trace)
    lengths: Trace = field(default_factory=Trace)
    weights: Trace = field(default_factory=Trace)
    probe_losses: Trace = field(default_factory=Trace)
    evaluations: list[Evaluation] = field(default_factory=list[Evaluation])
    seen: Seen = field(default_factory=Seen)
    found: Found = field(default_factory=Found)
    stale: list[float] = field(default_factory=list[float])
    surprises: list[float] = field(default_factory=list[float])
    divisor: float | None = None
    non_finite: str = ""
    notes: list[str] = field(default_factory=list[str])
    first: Any = None

    def loss(self, step: int, value: float | Tensor) -> None:
        """A training loss."""
        if self.first is None:
            self.first = value
        self.losses.add(step, value)

    @torch.no_grad()
    def glance(self, watch: Watch) -> None:
        """The norms of gradient and weights, and whether they are finite."""
        params = list(watch.model.parameters())
        grads = [p.grad for p in params if p.grad is not None and p.grad.layout == torch.strided]
        if grads:
            length = _norm(grads)
            self.lengths.add(watch.step, length)
            # Asking a GPU makes it wait; there, what is written down is looked at later.
            if not length.is_cuda and not math.isfinite(float(length)) and not self.non_finite:
                self.non_finite = _where(watch)
        self.weights.add(watch.step, _norm([param.detach() for param in params]))
        self.rates.add(watch.step, float(watch.optimizer.param_groups[0].get("lr", math.nan)))

    def probe(self, watch: Watch, probe: Probe) -> None:
        """The loss on a fixed sample."""
        self.probe_losses.add(watch.step, probe.value(probe.here()))

    def evidence(self, watch: Watch) -> Evidence:
        """The journal as evidence."""
        losses, lengths = self.losses.points(), self.lengths.points()
        seen, found = self.seen, self.found
        pooled = noise_scale.pooled(found.squared, found.traces, watch.step)
        name, count = describe(watch.optimizer, watch.scheduler)
        rates = self.rates.points()
        evidence = Evidence(
            level="watch",
            step=watch.step,
            planned=watch.planned,
            batch=self.size,
            rule=name_of(watch.optimizer),
            hypers=hypers_of(watch.optimizer),
            groups=len(watch.optimizer.param_groups),
            losses=losses,
            rates=rates,
            probe_losses=self.probe_losses.points(),
            evaluations=list(self.evaluations),
            initial=float(self.first) if self.fresh and self.first is not None else None,
            lengths=lengths,
            weights=self.weights.points(),
            ratio=spread(found.ratios),
            uphill=sum(found.uphill) / len(found.uphill) if found.uphill else None,
            alignment=spread(seen.alignment),
            turning=spread(seen.turning),
            reliability=spread(found.reliabilities),
            pflug=seen.products / seen.sizes if seen.sizes > 0 else None,
            noise_scale=pooled.scale if pooled else None,
            gradient_squared=pooled.squared if pooled else None,
            layers=[replace(one, moved=one.name in seen.moved) for one in seen.layers],
            stale=sorted(self.stale)[len(self.stale) // 2] if self.stale else None,
            batch_norm=bool(norms(watch.model)),
            dropout=wiring.dropout_of(watch.model),
            training=self.training,
            non_finite=self.non_finite or _unfinished(losses, lengths),
            divisor=self.divisor,
            surprise=max(self.surprises[-20:], default=None),
            clipped=clipped([one.value for one in lengths]),
            schedule=name,
            schedule_steps=count,
            seconds=watch.budget.spent,
            notes=list(self.notes),
        )
        evidence.observed = reasons(evidence)
        evidence.extra["evaluated_awake"] = self.awake
        evidence.extra["ratios"] = list(found.ratios)
        evidence.extra["share"] = watch.budget.spent / max(watch.budget.seconds, 1e-9)
        return evidence


def clipped(lengths: list[float]) -> float | None:
    """The share of gradients that were cut to the same length; None for fewer than 10.

    Unclipped norms are all different; clipping makes those that it cuts equal to the largest.

    >>> clipped([1.0] * 8 + [0.3, 0.6])
    0.8
    """
    known = [one for one in lengths if math.isfinite(one)]
    if len(known) < 10:
        return None
    largest = max(known)
    same = sum(one >= (1 - SAME) * largest for one in known)
    return same / len(known) if same >= 3 else 0.0


def _norm(tensors: list[Tensor]) -> Tensor:
    return nn.utils.get_total_norm(tensors)


def _where(watch: Watch) -> str:
    for name, param in reversed(list(watch.model.named_parameters())):
        if param.grad is not None and not bool(torch.isfinite(param.grad).all()):
            return f"gradient of {name}"
    return "gradient"


def _unfinished(losses: list[Point], lengths: list[Point]) -> str:
    if any(not math.isfinite(one.value) for one in losses):
        return "loss"
    return "gradient" if any(not math.isfinite(one.value) for one in lengths) else ""
