"""Precision: updates are rounded away, so the weights stand still though the gradient does not."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from thalweg.doctor.evidence import Evidence, Layer
from thalweg.doctor.past.course import lr
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.wording import share, some

thresholds = {"unrounded": 0.2, "severe": 0.5, "flushed": 0.2}


SHORT = ("bfloat16", "float16", "float8_e4m3fn", "float8_e5m2")


def examine(evidence: Evidence) -> Finding | None:
    """More than a fifth of all elements lose their update, or their gradient, to rounding."""
    lost = _part(evidence, lambda one: one.unrounded)
    flushed = _part(evidence, lambda one: one.flushed)
    if lost > thresholds["unrounded"]:
        return _lost(evidence, lost)
    if flushed > thresholds["flushed"]:
        return _flushed(flushed)
    return None


def _part(evidence: Evidence, what: Callable[[Layer], float | None]) -> float:
    """Share of elements, over the layers in a short format in which it was counted.

    In float32 an update that is lost was far too small: that is another symptom's matter.
    """
    counted = [
        (one, value)
        for one in evidence.layers
        if one.dtype in SHORT and (value := what(one)) is not None
    ]
    total = sum(prod(one.shape) for one, _ in counted)
    return sum(prod(one.shape) * value for one, value in counted) / total if total else 0.0


def _lost(evidence: Evidence, lost: float) -> Finding:
    hit = [
        one
        for one in evidence.layers
        if one.dtype in SHORT and (one.unrounded or 0) > thresholds["unrounded"]
    ]
    dtypes = ", ".join(sorted({one.dtype for one in hit}))
    raised = lr(evidence)
    return Finding(
        symptom="low-precision",
        severity="severe" if lost >= thresholds["severe"] else "warning",
        sentence=(
            f"{share(lost)} of all updates are rounded away: in {dtypes} the weight plus its "
            f"update is the same weight; the worst are {some([one.name for one in hit])}."
        ),
        evidence={f"rounded away in {one.name}": share(one.unrounded or 0.0) for one in hit[:12]},
        ruled_out=("a gradient of 0: only updates that are not 0 in float32 are counted",),
        prescription=Prescription(
            "Keep the weights in float32 and compute in the short format, or round "
            "stochastically, or keep what is lost (Kahan).",
            f"optimizer = thalweg.AdamW(\n    model.parameters(), lr={raised or 1e-3:g}, "
            'param_rounding="stochastic"\n)',
            {"param_rounding": "stochastic"},
        ),
        falsified_by="the same run in float32 that stands still as well",
    )


def _flushed(flushed: float) -> Finding:
    return Finding(
        symptom="low-precision",
        severity="warning",
        sentence=(
            f"{share(flushed)} of the gradient's elements are flushed to 0 that are not 0 in "
            "float32."
        ),
        evidence={"flushed to 0": share(flushed)},
        ruled_out=("dead units: in float32 these elements are not 0",),
        prescription=Prescription(
            "Scale the loss before backward, or compute in bfloat16, which has float32's range.",
            "scaler = torch.amp.GradScaler()\nscaler.scale(loss).backward()\n"
            "scaler.step(optimizer)\nscaler.update()",
        ),
        falsified_by="a scaled loss with which as many elements are 0",
    )


symptom = Symptom(
    name="low-precision",
    number=18,
    title="updates lost to low precision",
    looks_like="a run in bfloat16 or float16 that stalls",
    needs=("layers",),
    thresholds=thresholds,
    source="an exact count; the share is calibrated",
    examine=examine,
    measures=(
        "In 16 bits or fewer, for more than a fifth of all elements the weight plus its update "
        "is the same weight, or a fifth of the gradient is flushed to 0."
    ),
    prescribes="float32 weights, stochastic rounding, a scaled loss.",
    falsified_by="The same run in float32 that stands still as well.",
)
