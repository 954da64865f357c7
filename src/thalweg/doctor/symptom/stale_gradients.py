"""Stale gradients: what the optimizer used is not the gradient of this batch."""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.wording import short, times

thresholds = {"difference": 1e-3, "severe": 0.1}


def examine(evidence: Evidence) -> Finding | None:
    """The gradient used differs from one computed afresh on the same batch."""
    stale = evidence.stale
    if stale is None or stale <= thresholds["difference"]:
        return None
    return Finding(
        symptom="stale-gradients",
        severity="severe" if stale >= thresholds["severe"] else "warning",
        sentence=(
            "The optimizer steps with a gradient that is not this batch's: it differs from one "
            f"computed afresh by {times(stale)} the latter's size; rounding allows "
            f"{short(thresholds['difference'])}."
        ),
        evidence={"difference, relative": short(stale)},
        ruled_out=("noise of the batch: both are of the same batch at the same weights",),
        prescription=Prescription(
            "Empty the gradients before each backward pass; with a gradient scaler, unscale "
            "before clipping.",
            "optimizer.zero_grad()\nloss(model(inputs), targets).backward()\noptimizer.step()",
        ),
        falsified_by="a loss that draws at random each time it is asked, which differs by itself",
    )


symptom = Symptom(
    name="stale-gradients",
    number=17,
    title="gradients left over from earlier batches",
    looks_like="weird growth, steps that are too large",
    needs=("stale",),
    thresholds=thresholds,
    source="exact up to rounding",
    examine=examine,
    measures=(
        "The gradient used differs from a fresh one of the same batch by more than a thousandth."
    ),
    prescribes="Call zero_grad before backward; unscale before clipping.",
    falsified_by="A loss that draws at random each time it is asked.",
    exact=True,
)
