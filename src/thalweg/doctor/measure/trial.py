"""Trial steps: what the optimizer really does next, and how the loss answers along each step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from thalweg.doctor.measure.critical import critical
from thalweg.doctor.measure.patient import Patient
from thalweg.doctor.measure.step_ratio import ratio
from thalweg.probe.direction import cosine
from thalweg.probe.probe import Probe
from thalweg.probe.sample import Sample


@dataclass(frozen=True)
class Trial:
    """One step, and what was asked along it.

    Attributes:
        loss: of its batch, before it.
        gradient: of its batch, before it, shape (weights,).
        update: what moved, shape (weights,).
        weight: the weights before it, shape (weights,).
        uphill: its direction climbs on its own batch.
        ratio: the step ratio; None where it climbs.
        critical: the critical multiplier on its own batch; None where it climbs.
        critical_probe: that on the probe set; None where it was not asked.
        reliability: cosine between the gradients of its batch's two halves; None without halves.
    """

    loss: float
    gradient: Tensor
    update: Tensor
    weight: Tensor
    uphill: bool
    ratio: float | None
    critical: float | None
    critical_probe: float | None
    reliability: float | None


def trials(
    patient: Patient, batches: Sequence[Sample], probe: Probe | None, *, probed: int = 6
) -> Iterator[Trial]:
    """Take one step on each batch, and ask along it.

    Args:
        patient: is moved.
        batches: one for each step.
        probe: the fixed probe set; None asks the own batch alone.
        probed: along how many of the steps the probe set is asked, evenly spread.

    Yields:
        The steps, in order; ends early where a loss is no longer finite.
    """
    every = max(len(batches) // max(probed, 1), 1)
    for number, batch in enumerate(batches):
        asked = probe if number % every == 0 else None
        found = trial(patient, batch, number + 1, asked)
        yield found
        if not math.isfinite(found.loss) or not bool(torch.isfinite(found.update).all()):
            return


def trial(patient: Patient, batch: Sample, seed: int, probe: Probe | None = None) -> Trial:
    """Take one step on a batch, and ask along it; the patient stands after the step."""
    reliability = _reliability(patient, batch, seed)
    loss, gradient = patient.gradient(batch, seed)
    before = patient.read()
    update = patient.step(batch, seed)
    _, after = patient.gradient(batch, seed)
    slope = float(gradient.double() @ update.double())
    downhill = slope < 0
    own = (
        critical(
            lambda m: _value(patient, batch, seed, before + m * update) - loss,
            rounding=_rounding(loss, before),
        )
        if downhill
        else None
    )
    on_probe = _on_probe(probe, before, update) if probe is not None else None
    patient.write(before + update)
    return Trial(
        loss=loss,
        gradient=gradient,
        update=update,
        weight=before,
        uphill=not downhill and bool(update.any()),
        ratio=ratio(gradient, after, update) if downhill else None,
        critical=own,
        critical_probe=on_probe,
        reliability=reliability,
    )


def _value(patient: Patient, batch: Sample, seed: int, vector: Tensor) -> float:
    patient.write(vector)
    return patient.value(batch, seed)


def _on_probe(probe: Probe, before: Tensor, update: Tensor) -> float | None:
    if not update.any():
        return None
    here = probe.value(before)
    return critical(
        lambda m: probe.value(before + m * update) - here, rounding=_rounding(here, before)
    )


def _rounding(loss: float, weights: Tensor) -> float:
    return 2 * torch.finfo(weights.dtype).eps * abs(loss)


def _reliability(patient: Patient, batch: Sample, seed: int) -> float | None:
    half = len(batch) // 2
    if half < 1:
        return None
    one, other = (patient.gradient(some, seed)[1] for some in batch.split(half)[:2])
    return cosine(one, other)
