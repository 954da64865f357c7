"""Noise-limited: the batch is so small that steps mostly follow its noise.

A step on a batch of B gains 1 / (1 + S / B) of what the full gradient's would, with S the gradient
noise scale (McCandlish et al. 2018). A negative running product of successive gradients says that
SGD has reached the ball in which it only wanders at this learning rate (Pflug; Chee & Toulis 2018).
"""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import enough, in_tail, learnt, trend
from thalweg.doctor.symptom.symptom import Finding, Symptom
from thalweg.doctor.verdict.remedy import scale_lr
from thalweg.doctor.verdict.wording import interval, share, short, times

thresholds = {
    "ratio": 10.0,
    "large": 50.0,
    "small": 16.0,
    "tiny": 8.0,
    "fall": 0.1,
    "severe": 100.0,
    "room": 1.0,
    "step": 0.05,
    "turning": 0.0,
    "left": 0.05,
}


def examine(evidence: Evidence) -> Finding | None:
    """The noise scale is far above the batch, gradients wander, and the loss is flat."""
    scale, batch = evidence.noise_scale, evidence.batch
    if scale is None or not batch or not enough(scale):
        return None
    ratio = scale.value / batch
    small = batch < thresholds["small"]
    if ratio <= thresholds["ratio" if small else "large"] or in_tail(evidence):
        return None
    way = trend(evidence)
    if way.course == "falling" or (not small and way.change < -thresholds["fall"]):
        return None
    room = evidence.critical_probe
    if learnt(evidence, thresholds["left"]):
        return None
    # Of a tiny batch the noise alone is enough: no single step of it shows the whole slope.
    if not (_tiny(evidence) or _wanders(evidence)):
        return None
    gain = 1 / (1 + ratio)
    factor = round(min(max(ratio / thresholds["ratio"], 2), 10))
    facts = {
        "noise scale": f"{short(scale.value)} samples ({short(scale.low)} to {short(scale.high)})",
        "batch": str(batch),
    }
    if evidence.pflug is not None:
        facts["successive gradients, running product"] = short(evidence.pflug)
    if room is not None:
        facts["critical multiplier on the probe set"] = interval(room)
    return Finding(
        symptom="noise-limited",
        severity="severe" if ratio >= thresholds["severe"] else "warning",
        sentence=(
            f"Your steps follow noise: the gradient noise scale is {short(scale.value)} samples "
            f"(95 % of {scale.count} probes: {short(scale.low)} to {short(scale.high)}), "
            f"{times(ratio)} your batch of {batch}. A step gains {share(gain)} of what the full "
            "gradient's would, and the loss no longer falls."
        ),
        evidence=facts,
        ruled_out=("a minimum of the whole loss: only single batches can't see the slope",),
        prescription=scale_lr(
            evidence,
            1 / factor,
            f"Or take batches {factor}× larger, by accumulation if memory is short; or average "
            "the weights; or begin the decay now.",
        ),
        falsified_by="a fork with batches that much larger whose loss does not fall either",
    )


def _wanders(evidence: Evidence) -> bool:
    """Gradients oppose each other, or some steps raise the loss of the probe set."""
    room, running, own = evidence.critical_probe, evidence.pflug, evidence.ratio
    if own is not None and own.value < thresholds["step"]:
        return False  # steps so short wander nowhere
    if room is not None and room.low > thresholds["room"]:
        return False
    return room is not None or running is None or running < thresholds["turning"]


def _tiny(evidence: Evidence) -> bool:
    """A batch so small that its noise is above it for sure, with steps that do move."""
    scale, batch, own = evidence.noise_scale, evidence.batch or 0, evidence.ratio
    if scale is None or not 0 < batch < thresholds["tiny"] or scale.low <= batch:
        return False
    return own is None or own.value >= thresholds["step"]


symptom = Symptom(
    name="noise-limited",
    number=4,
    title="the batch is far below the noise scale",
    looks_like="a loss that falls, then a noisy plateau",
    needs=("noise_scale", "batch", "losses|probe_losses"),
    thresholds=thresholds,
    source=(
        "a step's efficiency below 10 % (McCandlish et al. 2018, arXiv:1812.06162); the running "
        "product of Chee & Toulis 2018, arXiv:1710.06382"
    ),
    examine=examine,
    measures=(
        "The gradient noise scale is more than 10 batches, successive gradients oppose each other "
        "in sum, the step has no room on the probe set (not asked of batches below 8), and the "
        "loss does not fall."
    ),
    prescribes="A lower learning rate or a larger batch by 2 to 10, averaged weights, or decay.",
    falsified_by="Larger batches that do not lower the loss either.",
    observable=True,
)
