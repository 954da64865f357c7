"""Overfitting: validation rises since its best while training still falls."""

from __future__ import annotations

import math

from thalweg.doctor.evidence import Evaluation, Evidence, Point
from thalweg.doctor.past.course import number
from thalweg.doctor.past.slope import slope
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.wording import count, share, short

thresholds = {"evaluations": 5.0, "rise": 0.2, "severe": 1.0, "gap": 0.35, "known": 0.2}


def examine(evidence: Evidence) -> Finding | None:
    """Both slopes are clear, over at least five evaluations, and the rise is worth a word."""
    known = [
        one
        for one in evidence.evaluations
        if math.isfinite(one.validation) and math.isfinite(one.train)
    ]
    if not known:
        return None
    return _rising(evidence, known) or _memorised(evidence, known)


def _memorised(evidence: Evidence, known: list[Evaluation]) -> Finding | None:
    """Validation has stopped far above training, though it need not rise."""
    now, base = known[-1], evidence.expected or evidence.initial
    if not base or len(known) <= thresholds["evaluations"]:
        return None
    gap = (now.validation - now.train) / base
    if gap < thresholds["gap"] or now.train > thresholds["known"] * now.validation:
        return None
    best = min(one.validation for one in known)
    few = f" of {evidence.samples:,} samples" if evidence.samples else ""
    return Finding(
        symptom="overfitting",
        severity="warning",
        sentence=(
            f"The model has learnt its training part{few} by heart: its loss there is "
            f"{short(now.train)}, on validation {short(now.validation)} (never below "
            f"{short(best)}), where knowing nothing costs {short(base)}."
        ),
        evidence={
            "training loss": short(now.train),
            "validation loss": short(now.validation),
            "gap over the loss of knowing nothing": short(gap),
        },
        ruled_out=("too little training: there is nothing left to learn in the training part",),
        prescription=Prescription(
            "More data or augmentation first; else a smaller model, weight decay or dropout."
        ),
        falsified_by="a longer run whose validation loss falls towards the training loss",
    )


def _rising(evidence: Evidence, known: list[Evaluation]) -> Finding | None:
    """Since its best, validation has risen and training fallen."""
    best = min(range(len(known)), key=lambda i: known[i].validation)
    since = known[best:]
    if len(since) <= thresholds["evaluations"] or not _apart(since):
        return None
    lowest, now = since[0].validation, since[-1].validation
    rise = now / lowest - 1 if lowest > 0 else math.inf
    if rise <= 0:
        return None
    severity = "severe" if rise >= thresholds["severe"] else "warning"
    if rise < thresholds["rise"]:
        severity = "observation"
    decay = 3 * (number(evidence, "weight_decay") or 0.003)
    return Finding(
        symptom="overfitting",
        severity=severity,
        sentence=(
            f"The model memorises: since step {since[0].step:,} the validation loss has risen by "
            f"{share(rise)}, from {short(lowest)} to {short(now)}, over "
            f"{count(len(since) - 1, 'evaluation')}, while the training loss fell to "
            f"{short(since[-1].train)}."
        ),
        evidence={
            "best validation loss": f"{short(lowest)} at step {since[0].step:,}",
            "validation loss now": short(now),
            "training loss now": short(since[-1].train),
        },
        ruled_out=("a learning rate too high: the training loss still falls",),
        prescription=Prescription(
            f"Go back to the weights of step {since[0].step:,}; for the next run take weight decay "
            f"{decay:g}, dropout or augmentation, or more data.",
            f"optimizer = torch.optim.AdamW(model.parameters(), weight_decay={decay:g})",
        ),
        falsified_by="a validation loss that falls again with the same settings",
    )


def _apart(since: list[Evaluation]) -> bool:
    """Validation rises for sure, and training falls for sure."""
    up = slope([Point(one.step, one.validation) for one in since], share=1.0, least=5)
    down = slope([Point(one.step, one.train) for one in since], share=1.0, least=5)
    return up is not None and down is not None and up.low > 0 and down.high < 0


symptom = Symptom(
    name="overfitting",
    number=13,
    title="overfitting",
    looks_like="validation up, training down",
    needs=("evaluations",),
    thresholds=thresholds,
    source="problematic overfitting in the Deep Learning Tuning Playbook; the size is calibrated",
    examine=examine,
    measures=(
        "Since its best, over more than 5 evaluations, the validation loss rises and the training "
        "loss falls, both beyond doubt, and the rise is at least 20 %; or it stays above training "
        "by a third of the loss of knowing nothing, with training below a fifth of it."
    ),
    prescribes="The best weights; weight decay ×3, dropout, augmentation, more data.",
    falsified_by="A validation loss that falls again with the same settings.",
)
