"""Inputs: columns of very different size, or far from what initial weights are made for.

Not a matter of the optimizer, but always asked. Values that are not finite are `diverging`'s.
"""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.wording import short

thresholds = {"spread": 30.0, "severe": 1000.0, "uneven": 100.0}


def examine(evidence: Evidence) -> Finding | None:
    """A column spreads by more than 30, or by 100 times what a typical one does."""
    if evidence.input_scale is None:
        return None
    smallest, typical, largest = evidence.input_scale
    # Columns that are constant in most samples, as an image's margin, have no size to compare with.
    uneven = largest / typical if typical > 0.01 * largest or typical > 1e-3 else 0.0
    if largest <= thresholds["spread"] and uneven <= thresholds["uneven"]:
        return None
    return Finding(
        symptom="inputs",
        severity="severe" if largest >= thresholds["severe"] else "warning",
        sentence=(
            f"The inputs are not normalised: the widest column has a standard deviation of "
            f"{short(largest)}, a typical one {short(typical)}, and initial weights are made for "
            "about 1. This is not an optimizer problem."
        ),
        evidence={
            "standard deviation of the widest column": short(largest),
            "of a typical one": short(typical),
            "of the narrowest": short(smallest),
        },
        prescription=Prescription(
            "Look for outliers first, then bring every column to mean 0 and spread 1 by the "
            "training part's own figures.",
            "inputs = (inputs - train.mean(0)) / train.std(0).clamp(min=1e-6)",
        ),
        falsified_by="a run with normalised inputs that learns no faster",
    )


symptom = Symptom(
    name="inputs",
    number=23,
    title="inputs are not normalised",
    looks_like="slow or wild learning from the first step on",
    needs=("input_scale",),
    thresholds=thresholds,
    source="calibrated; asked besides the 22 pathologies of training",
    examine=examine,
    measures=(
        "A column of the inputs spreads by more than 30, or by more than 100 times what a typical "
        "one does."
    ),
    prescribes="Normalise by the training part's figures, outliers first.",
    falsified_by="Normalised inputs with which it learns no faster.",
)
