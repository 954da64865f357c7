"""Underfitting: training and validation are flat, alike, and hardly better than knowing nothing."""

from __future__ import annotations

import math

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import trend
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.wording import share, short

thresholds = {
    "evaluations": 5.0,
    "gap": 0.1,
    "left": 0.5,
    "multiplier": 10.0,
    "overfit": 0.5,
    "fall": 0.02,
}


def examine(evidence: Evidence) -> Finding | None:
    """Flat and alike at more than half of what a constant guess costs, and no other reason."""
    known = evidence.evaluations
    base = evidence.expected
    if len(known) < thresholds["evaluations"] or base is None or base <= 0:
        return None
    train, validation = known[-1].train, known[-1].validation
    if not math.isfinite(train) or not math.isfinite(validation) or _otherwise(evidence):
        return None
    gap = abs(validation - train) / train if train > 0 else math.inf
    left = train / base
    if gap > thresholds["gap"] or not thresholds["left"] < left < 2:
        return None
    return Finding(
        symptom="underfitting",
        severity="warning",
        sentence=(
            f"The model is too weak for the data: training and validation loss are flat at "
            f"{short(train)} and {short(validation)}, {share(left)} of what a constant guess costs "
            f"({short(base)}), and no longer step would help."
        ),
        evidence={
            "training loss": short(train),
            "validation loss": short(validation),
            "loss of a constant guess": short(base),
        },
        ruled_out=(
            "overfitting: the two are alike",
            "crawling: a longer step does not lower the loss",
        ),
        prescription=Prescription(
            "Make the model wider or deeper, regularise less, or give it better inputs; no "
            "optimizer setting will do."
        ),
        falsified_by="another learning rate that lowers the training loss of this model",
    )


def _otherwise(evidence: Evidence) -> bool:
    """There is another reason: it still falls, it crawls, or it can't even learn 16 samples."""
    room = evidence.critical_probe or evidence.critical
    crawls = room is not None and room.value >= thresholds["multiplier"]
    unable = evidence.overfit is not None and evidence.overfit > thresholds["overfit"]
    return (
        crawls
        or unable
        or bool(evidence.observed)
        or trend(evidence).course != "flat"
        or _falls(evidence)
    )


def _falls(evidence: Evidence) -> bool:
    """Whole evaluations still fall, which single batches are too noisy to show."""
    known = [one.train for one in evidence.evaluations]
    earlier = known[len(known) // 2]
    return known[-1] < (1 - thresholds["fall"]) * earlier


symptom = Symptom(
    name="underfitting",
    number=14,
    title="underfitting",
    looks_like="training and validation flat, alike, and far too high",
    needs=("evaluations", "expected"),
    thresholds=thresholds,
    source="calibrated",
    examine=examine,
    measures=(
        "Training and validation loss differ by less than 10 %, are flat, and are more than half "
        "of what a constant guess costs, though 16 samples can be learned and the step has no room."
    ),
    prescribes="A larger model, less regularisation, better inputs.",
    falsified_by="Another learning rate that lowers this model's training loss.",
)
