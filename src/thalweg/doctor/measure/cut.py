"""The cut through the loss along the optimizer's own step: on its batch, and on the probe set.

The parabola is that of the batch's slope at both ends of the step, so that its minimum lies at
1 / r steps, with r the step ratio, and its way up again at 2 / r.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from thalweg.doctor.measure.batches import batches
from thalweg.doctor.measure.patient import Loss, Patient
from thalweg.probe.sample import Sample, sample
from thalweg.probe.untouched import untouched

POINTS = 25
LEAST, MOST = 3.0, 1024.0


@torch.no_grad()
def cut(
    model: nn.Module,
    optimizer: Optimizer,
    loss: Loss,
    data: Any,
    *,
    reach: float = LEAST,
    samples: int = 256,
    batch: int | None = None,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Losses along the next step, at multiples of it; everything is left as it was.

    Args:
        model: where the run stands.
        optimizer: of the model.
        loss: `loss(output, targets)`, a scalar: the mean over the batch.
        data: as `thalweg.doctor.examine` takes them.
        reach: the largest multiple, at least 3 and at most 1024.
        samples: in the probe set.
        batch: samples in a batch, where the data has none of its own.
        seed: of what is drawn.

    Returns:
        "multiples" (from a fifth of the reach behind the weights to the reach), and at each of
        them "batch", "probe" and "parabola".

    Example:
        >>> model = nn.Linear(2, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), 0.1)
        >>> data = (torch.randn(64, 2), torch.randn(64, 1))
        >>> found = cut(model, optimizer, nn.functional.mse_loss, data)
        >>> found["multiples"][-1], len(found["batch"])
        (3.0, 25)
    """
    reach = min(max(reach, LEAST), MOST)
    places = [reach * (number / (POINTS - 5) - 0.2) for number in range(POINTS)]
    places = [round(one, 12) for one in places]
    with untouched(model, optimizer, data):
        patient = Patient.of(model, optimizer, loss)
        device = patient.weights.device
        own = batches(data, 1, device, size=batch, seed=seed).found[0]
        probe = sample(data, samples, seed).to(device)
        start, slope = patient.gradient(own, seed)
        here = patient.read()
        step = patient.step(own, seed)
        after = patient.gradient(own, seed)[1]
        along = float(slope.double() @ step.double())
        bend = float((after - slope).double() @ step.double())
        return {
            "multiples": places,
            "batch": _line(patient, own, here, step, places, seed),
            "probe": _line(patient, probe, here, step, places, seed),
            "parabola": [start + m * along + m * m * bend / 2 for m in places],
        }


def _line(
    patient: Patient,
    some: Sample,
    here: torch.Tensor,
    step: torch.Tensor,
    places: list[float],
    seed: int,
) -> list[float]:
    found: list[float] = []
    for place in places:
        patient.write(here + place * step)
        value = patient.value(some, seed)
        found.append(value if math.isfinite(value) else math.inf)
    return found
