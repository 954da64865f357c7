"""Wiring: do inputs, labels and gradients reach each other at all?

Four trials that a sound model passes whatever its optimizer: it fits sixteen samples, it notices
when its inputs are blanked, it learns more from true labels than from shuffled ones, and its loss
in train mode is about that in eval mode. All on copies, with an optimizer of our own.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from thalweg.doctor.measure.patient import Loss, Patient, output
from thalweg.probe.mode import switched
from thalweg.probe.sample import Sample

FEW = 16
FITTING = 300
LEARNING = 60
RATES = (3e-3, 3e-2)
FITTED = 0.02


@dataclass(frozen=True)
class Losses:
    """A model and a loss, to be trained on a sample for a moment."""

    model: nn.Module
    loss: Loss

    def of(self, sample: Sample) -> Tensor:
        """The loss of a sample."""
        return self.loss(output(self.model, sample), sample.targets)


def overfit(patient: Patient, sample: Sample, expected: float | None = None) -> float:
    """The loss that a copy reaches on sixteen samples, over the loss before.

    Adam, at most 300 steps at two learning rates, without dropout. A model that fits them already
    is measured against the loss of one that knows nothing.

    Args:
        patient: is not moved.
        sample: its first sixteen are taken.
        expected: the loss of a model that knows nothing.
    """
    few = sample.rows(slice(0, FEW))
    best, start = math.inf, math.nan
    for rate in RATES:
        twin = Losses(copy.deepcopy(patient.model), patient.loss)
        with switched(twin.model, "batch"):
            stepper = torch.optim.Adam(_trained(twin.model), lr=rate)
            first = float(twin.of(few).detach())
            start = max(first, 0.1 * (expected or 0.0))
            if first <= FITTED * start:
                return first / start
            for number in range(FITTING):
                stepper.zero_grad()
                loss = twin.of(few)
                loss.backward()
                stepper.step()
                if number % 10 == 9:
                    best = min(best, float(loss.detach()))
                    if best <= FITTED * start:
                        return best / start
    return best / start if start > 0 else 0.0


def blind(patient: Patient, batches: Sequence[Sample], seed: int = 1) -> float:
    """The relative difference between the loss with inputs and with the inputs zeroed."""
    seen = sum(patient.value(one, seed) for one in batches)
    dark = sum(
        patient.value(
            Sample(tree_map_only(Tensor, torch.zeros_like, one.inputs), one.targets), seed
        )
        for one in batches
    )
    return abs(dark - seen) / abs(seen) if seen else math.nan


def shuffled(patient: Patient, sample: Sample, seed: int = 0) -> float | None:
    """How much more true labels teach than shuffled ones.

    Two copies are made new and trained for sixty steps on half of the sample, one with its labels
    shuffled; the other half, with its labels, judges both.

    Args:
        patient: is not moved.
        sample: samples and targets.
        seed: of initial weights, order and shuffling.

    Returns:
        The held-out loss after shuffled labels over that after true ones: near 1 says that the
        labels tell nothing. None with fewer than 64 samples.
    """
    half = len(sample) // 2
    if half < 32:
        return None
    known, held = sample.split(half)[:2]
    order = torch.randperm(half, generator=torch.Generator().manual_seed(seed))
    mixed = Sample(known.inputs, known.rows(order).targets)
    true, false = (_learned(patient, some, held, seed) for some in (known, mixed))
    return false / true if true > 0 and math.isfinite(false) else None


def mode_gap(patient: Patient, batches: Sequence[Sample], seed: int = 1) -> float:
    """The relative difference between the loss in train and in eval mode, on the same batches."""
    trained = sum(patient.value(one, seed) for one in batches)
    flags = [(module, module.training) for module in patient.model.modules()]
    try:
        patient.model.eval()
        evaluated = sum(patient.value(one, seed) for one in batches)
    finally:
        for module, flag in flags:
            module.training = flag
    return abs(evaluated - trained) / abs(trained) if trained else math.nan


def dropout_of(model: nn.Module) -> float:
    """The largest dropout rate in a model; 0 where there is none."""
    kinds = nn.modules.dropout._DropoutNd
    rates = [module.p for module in model.modules() if isinstance(module, kinds)]
    rates += [float(m.dropout) for m in model.modules() if isinstance(m, nn.RNNBase)]
    rates += [float(m.dropout) for m in model.modules() if isinstance(m, nn.MultiheadAttention)]
    return max(rates, default=0.0)


def made_new(model: nn.Module, seed: int = 0) -> nn.Module:
    """A copy with fresh weights, as far as its modules know how to make them."""
    twin = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in twin.modules():
            make = getattr(module, "reset_parameters", None)
            if callable(make):
                make()
    return twin


def _learned(patient: Patient, known: Sample, held: Sample, seed: int) -> float:
    twin = Losses(made_new(patient.model, seed), patient.loss)
    stepper = torch.optim.Adam(_trained(twin.model), lr=RATES[0])
    drawing = torch.Generator().manual_seed(seed)
    with switched(twin.model, "batch"):
        for _ in range(LEARNING):
            index = torch.randint(len(known), (min(64, len(known)),), generator=drawing)
            stepper.zero_grad()
            twin.of(known.rows(index)).backward()
            stepper.step()
        with torch.no_grad():
            return float(twin.of(held))


def _trained(model: nn.Module) -> list[nn.Parameter]:
    return [param for param in model.parameters() if param.requires_grad]
