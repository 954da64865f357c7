"""Exploding gradients: they grow on the way back, or leap by steps."""

from __future__ import annotations

import math

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import matrices, middle, trend
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.remedy import scale_lr
from thalweg.doctor.verdict.wording import share, short, times

thresholds = {
    "depth": 70.0,
    "leap": 20.0,
    "severe": 100.0,
    "clipped": 0.5,
    "window": 25.0,
    "burst": 20.0,
}


def examine(evidence: Evidence) -> Finding | None:
    """Early layers with far larger gradients, leaps over the steps around, or constant clipping."""
    growth, leap = _growth(evidence), _leap(evidence)
    clipped = evidence.clipped or 0.0
    falling = trend(evidence).course == "falling"
    deep = growth is not None and growth[0] > thresholds["depth"]
    wild = leap is not None and leap > thresholds["leap"] and not falling
    burst = _burst(evidence)
    if not deep and not wild and burst is None and clipped <= thresholds["clipped"]:
        return None
    said: list[str] = []
    facts: dict[str, str] = {}
    if burst is not None:
        facts["loss before the first step over that of knowing nothing"] = times(burst)
        said.append(
            f"signals grew on their way through the fresh model, whose first loss was "
            f"{short(evidence.initial or 0.0)}, {times(burst)} that of knowing nothing"
        )
    if deep and growth is not None:
        facts["gradient of the first layers over the last"] = times(growth[0])
        said.append(
            f"those of the first layers ({growth[1]} is the largest) are {times(growth[0])} those "
            "of the last"
        )
    if wild and leap is not None:
        facts["99th percentile over the steps around"] = times(leap)
        said.append(f"one step in a hundred has one {times(leap)} that of the steps around it")
    if clipped > thresholds["clipped"]:
        facts["clipped steps"] = share(clipped)
        said.append(f"{share(clipped)} of the steps had to be clipped")
    worst = max(growth[0] if deep and growth else 0.0, leap if wild and leap else 0.0)
    # A clip that cuts most steps of a run that gets on is a slower step, and no fault.
    harmless = falling and not deep and burst is None
    severity = "severe" if worst >= thresholds["severe"] else "warning"
    return Finding(
        symptom="exploding-gradients",
        severity="observation" if harmless else severity,
        sentence=f"Gradients explode: {', and '.join(said)}.",
        evidence=facts,
        ruled_out=("a batch of bad inputs: they are finite",) if evidence.bad_inputs == 0 else (),
        prescription=_prescription(evidence, clipped),
        falsified_by="clipped gradients with which the loss behaves no better",
    )


def _burst(evidence: Evidence) -> float | None:
    """A fresh model's loss over that of knowing nothing, where it is far above."""
    first, base = evidence.initial, evidence.expected
    if first is None or base is None or base <= 0 or not first > thresholds["burst"] * base:
        return None
    return first / base


def _growth(evidence: Evidence) -> tuple[float, str] | None:
    """How much larger gradients are at the first third than at the last, and where most."""
    found = [one for one in matrices(evidence) if one.gradient and one.depth is not None]
    if len(found) < 2:
        return None
    size = max(len(found) // 3, 1)
    first, last = found[:size], found[-size:]
    bottom = middle(one.gradient or 0.0 for one in last)
    if bottom <= 0:
        return None
    worst = max(first, key=lambda one: one.gradient or 0.0)
    return middle(one.gradient or 0.0 for one in first) / bottom, worst.name


def _leap(evidence: Evidence) -> float | None:
    """The 99th percentile of the norm over the median of the steps around it."""
    values = [one.value for one in evidence.lengths if math.isfinite(one.value)]
    if len(values) < 50:
        return None
    half = int(thresholds["window"]) // 2
    around = [middle(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
    ratios = sorted(a / b for a, b in zip(values, around, strict=True) if b > 0)
    return ratios[int(0.99 * (len(ratios) - 1))] if ratios else None


def _prescription(evidence: Evidence, clipped: float) -> Prescription:
    if clipped > thresholds["clipped"]:
        return scale_lr(evidence, 1 / 3, "Clipping most steps only hides a learning rate too high.")
    values = sorted(one.value for one in evidence.lengths if math.isfinite(one.value))
    bound = values[int(0.9 * (len(values) - 1))] if values else 1.0
    where = f"{short(bound)}, the 90th percentile of their norms so far" if values else "1"
    return Prescription(
        f"Clip gradients at {where}; for recurrent nets also start with orthogonal weights.",
        f"torch.nn.utils.clip_grad_norm_(model.parameters(), {bound:.3g})  # before the step",
    )


symptom = Symptom(
    name="exploding-gradients",
    number=9,
    title="gradients explode",
    looks_like="spikes, layer by layer",
    needs=("layers|lengths",),
    thresholds=thresholds,
    source=(
        "the ratio 70 of AutoTrainer (Zhang et al. 2021); more than half of the steps clipped: "
        "Deep Learning Tuning Playbook; the leap is calibrated"
    ),
    examine=examine,
    measures=(
        "The gradients of the first third of the layers are 70 times the last third's, or the "
        "99th percentile of the norm is 20 times that of the steps around while the loss does "
        "not fall, or more than half of the steps are clipped (only observed while the loss "
        "falls), or the first loss is 20 times that of knowing nothing."
    ),
    prescribes="Clip at the 90th percentile; where most steps are clipped, a lower learning rate.",
    falsified_by="Clipped gradients with which the loss behaves no better.",
)
