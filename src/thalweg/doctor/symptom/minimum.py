"""A true minimum, as far as noise allows: nothing nearby is lower, so nothing is wrong."""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import enough, trend
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.wording import short

thresholds = {"negative": 0.05}


def examine(evidence: Evidence) -> Finding | None:
    """No slope above noise, no negative curvature, and nothing lower along any probed line."""
    slope, low, high = evidence.gradient_squared, evidence.bottom, evidence.plain_top
    if slope is None or not enough(slope) or evidence.no_lower is not True:
        return None
    if slope.low > 0 or trend(evidence).course in ("falling", "rising"):
        return None
    facts = {"squared gradient": f"{short(slope.low)} to {short(slope.high)}, which holds 0"}
    if low is not None and high is not None:
        if low < -thresholds["negative"] * abs(high):
            return None
        facts["smallest curvature"] = short(low)
    return Finding(
        symptom="minimum",
        severity="observation",
        sentence=(
            "The run has come to rest at a minimum: no slope is left above the noise "
            f"(squared gradient {short(slope.low)} to {short(slope.high)}, {slope.count} probes), "
            "and no step along the update, the gradient or three random lines lowers the loss."
        ),
        evidence=facts,
        ruled_out=("crawling: longer steps do not lower the loss either",),
        prescription=Prescription(
            "Stop, or decay the learning rate once more; from here on the model and the data are "
            "the limit, not the optimizer."
        ),
        falsified_by="any step that lowers the loss on fresh samples by more than its noise",
    )


symptom = Symptom(
    name="minimum",
    number=7,
    title="a minimum, at the noise floor",
    looks_like="a flat loss",
    needs=("gradient_squared", "no_lower"),
    thresholds=thresholds,
    source="the interval of the squared gradient holds 0 (McCandlish et al. 2018); line probes",
    examine=examine,
    measures=(
        "The squared gradient's interval holds 0, no curvature is below -5 % of the largest, and "
        "no step lowers the probe loss along the update, the gradient or three random lines."
    ),
    prescribes="Stop, or decay. Only ever observed: it is where a run should end.",
    falsified_by="Any step that lowers the loss on fresh samples.",
    observable=True,
)
