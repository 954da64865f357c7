"""Crawling: the learning rate is far below the edge, so the loss looks flat though it is not.

The step could be m times longer before the loss on the probe set rises. Well-tuned constant
learning rates live at m near 1 (the edge of stability), so a large m is a step far too short. On a
quadratic, m = 2 / r with r the step ratio, which stands in where m was not measured.
"""

from __future__ import annotations

import math

from thalweg.doctor.evidence import Estimate, Evidence
from thalweg.doctor.measure.critical import MOST
from thalweg.doctor.past.course import enough, in_tail, left
from thalweg.doctor.symptom.symptom import Finding, Symptom
from thalweg.doctor.verdict.remedy import scale_lr
from thalweg.doctor.verdict.wording import factor_interval, interval, share, short, times

thresholds = {
    "multiplier": 10.0,
    "severe": 30.0,
    "share": 0.8,
    "low": 3.0,
    "aligned": 0.5,
    "target": 3.0,
    "solved": 0.05,
}


def examine(evidence: Evidence) -> Finding | None:
    """The step could be far longer, its direction holds, and no decay is the reason."""
    multiple = _multiple(evidence)
    if multiple is None or multiple.value < thresholds["multiplier"] or in_tail(evidence):
        return None
    # Of samples told apart for sure the curvature vanishes with the loss: m grows in any run.
    rest = left(evidence)
    if rest is not None and rest < thresholds["solved"]:
        return None
    if not _mostly(evidence, multiple) or not _consistent(evidence):
        return None
    factor = min(multiple.value / thresholds["target"], 10.0)
    prescription = scale_lr(evidence, factor, "Then look again.")
    signal, facts = _signal(evidence)
    most = "at least " if multiple.value >= MOST else ""
    return Finding(
        symptom="crawling",
        severity="severe" if multiple.value >= thresholds["severe"] else "warning",
        sentence=(
            f"Your own step could be {most}{times(multiple.value)} longer before the loss rises "
            f"({factor_interval(multiple)}). You are crawling, not at a minimum{signal}."
        ),
        evidence={"critical multiplier": interval(multiple), **facts},
        ruled_out=(
            "a minimum: along its own step the loss still falls, and far",
            "a decayed learning rate: it is within a tenth of its largest",
        ),
        prescription=prescription,
        falsified_by="a fork with that learning rate that is no better after 100 to 300 steps",
    )


def _multiple(evidence: Evidence) -> Estimate | None:
    for found in (evidence.critical_probe, evidence.critical):
        if found is not None:
            return found if enough(found) else None
    ratio = evidence.ratio
    if ratio is None or not enough(ratio) or ratio.low <= 0:
        return None
    return Estimate(2 / ratio.value, 2 / ratio.high, 2 / ratio.low, ratio.count)


def _mostly(evidence: Evidence, multiple: Estimate) -> bool:
    """Four probes in five say so; where single probes aren't known, none says the contrary."""
    name = "criticals_probe" if multiple is evidence.critical_probe else "criticals"
    own = multiple is evidence.critical_probe or multiple is evidence.critical
    known = evidence.extra.get(name) if own else None
    if not known:
        return multiple.low >= thresholds["low"]
    many = sum(one >= thresholds["multiplier"] for one in known)
    return many >= thresholds["share"] * len(known)


def _consistent(evidence: Evidence) -> bool:
    """Successive gradients agree at least half as well as two halves of a batch do."""
    if evidence.alignment is None or evidence.reliability is None:
        return True
    room = evidence.critical_probe
    if evidence.reliability.low <= 0 and room is not None and room.low >= thresholds["severe"]:
        return True  # halves of a batch may disagree too: single gradients tell no direction
    least = thresholds["aligned"] * max(evidence.reliability.value, 0.0)
    return evidence.alignment.value >= least


def _signal(evidence: Evidence) -> tuple[str, dict[str, str]]:
    """How far the gradient stands above its noise, for the sentence and the evidence."""
    facts: dict[str, str] = {}
    if evidence.alignment is not None:
        facts["cosine of successive gradients"] = interval(evidence.alignment)
    if evidence.ratio is not None:
        facts["step ratio"] = interval(evidence.ratio)
    scale = evidence.noise_scale
    if scale is None or scale.value <= 0 or not evidence.batch:
        return "", facts
    above = math.sqrt(evidence.batch / scale.value)
    facts["gradient of a batch over its noise"] = short(above)
    if above < 1:
        return f", though a batch's gradient is only {share(above)} of its noise", facts
    return f": the gradient is still {times(above)} above its noise", facts


symptom = Symptom(
    name="crawling",
    number=1,
    title="the learning rate is far below the edge",
    looks_like="a loss so flat that it seems to have converged",
    needs=("critical_probe|critical|ratio",),
    thresholds=thresholds,
    source=(
        "edge of stability: m near 1 for well-tuned constant rates (Cohen et al. 2021, "
        "arXiv:2103.00065; Kalra & Barkeshli's critical sharpness); calibrated on injected faults"
    ),
    examine=examine,
    measures=(
        "The step can be at least 10× longer before the loss on the probe set rises (30× is "
        "severe), successive gradients agree, the schedule is not in its tail, and more than 5 % "
        "of the loss is left."
    ),
    prescribes="A learning rate up to 10× higher, towards a third of the edge.",
    falsified_by="A fork with that learning rate that is no better.",
    observable=True,
)
