"""A saddle: hardly any slope, but a direction in which the ground falls both ways."""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import enough, middle, trend
from thalweg.doctor.symptom.symptom import Finding, Symptom
from thalweg.doctor.verdict.remedy import scale_lr
from thalweg.doctor.verdict.wording import share, short

thresholds = {"negative": 0.05, "slope": 0.3}


def examine(evidence: Evidence) -> Finding | None:
    """Flat, a small gradient, clear negative curvature, and a measured fall both ways."""
    low, high = evidence.bottom, evidence.plain_top
    if low is None or high is None or evidence.falls_both_ways is not True:
        return None
    if low >= -thresholds["negative"] * abs(high) or trend(evidence).course == "falling":
        return None
    left, slope = _slope_left(evidence), evidence.gradient_squared
    small = left is not None and left <= thresholds["slope"]
    none = slope is not None and enough(slope) and slope.low <= 0
    if not small and not none:
        return None
    facts = {"smallest curvature": short(low), "largest curvature": short(high)}
    if left is not None:
        facts["gradient against the largest so far"] = share(left)
    return Finding(
        symptom="saddle",
        severity="warning",
        sentence=(
            f"You are on a saddle: along its lowest curvature ({short(low)}, against "
            f"{short(high)} at the top) the loss falls both ways, and there is hardly any slope "
            "to say so."
        ),
        evidence=facts,
        ruled_out=("a minimum: the loss falls both ways along that direction",),
        prescription=scale_lr(
            evidence, 3.0, "For a few hundred steps, with momentum 0.9: a saddle is left slowly."
        ),
        falsified_by="a loss that does not fall along that direction on other samples",
    )


def _slope_left(evidence: Evidence) -> float | None:
    """The gradient's norm now, against the middle of its largest tenth."""
    values = [one.value for one in evidence.lengths]
    if len(values) < 20:
        return None
    size = max(len(values) // 10, 1)
    top = middle(sorted(values)[-size:])
    return middle(values[-size:]) / top if top > 0 else None


symptom = Symptom(
    name="saddle",
    number=6,
    title="a saddle",
    looks_like="a long plateau, and later a drop",
    needs=("bottom", "plain_top", "falls_both_ways"),
    thresholds=thresholds,
    source="calibrated; the fall both ways is tested against the probe set's noise",
    examine=examine,
    measures=(
        "The smallest curvature is below -5 % of the largest, the probe loss falls both ways along "
        "it by more than its noise, the gradient is small, and the loss does not fall."
    ),
    prescribes="A learning rate 3× higher for a while, with momentum.",
    falsified_by="A loss that does not fall along that direction on other samples.",
)
