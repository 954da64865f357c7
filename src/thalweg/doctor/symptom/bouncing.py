"""Bouncing: steps leap across the valley, and the loss no longer falls.

With a step ratio r above 2 a step raises the loss on its own batch. That alone is the edge of
stability, where healthy runs live; it is a fault only where the loss stays where it is. Momentum
near 1 bounces in its own way: it carries the weights uphill for many steps.
"""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import enough, number, trend
from thalweg.doctor.symptom.symptom import Finding, Symptom
from thalweg.doctor.verdict.remedy import scale_lr, set_hyper
from thalweg.doctor.verdict.wording import interval, share, short

thresholds = {
    "ratio": 2.0,
    "severe": 4.0,
    "uphill": 0.4,
    "heavy": 0.97,
    "turning": 0.99,
    "memory": 0.2,
}


def examine(evidence: Evidence) -> Finding | None:
    """Steps too long or carried uphill, gradients that turn round, and no progress."""
    if trend(evidence).course in ("falling", "unknown"):
        return _steered(evidence)
    return _carried(evidence) or _leaping(evidence) or _steered(evidence)


def _steered(evidence: Evidence) -> Finding | None:
    """Momentum remembers more than the run: updates go on as they were, whatever gradients say."""
    momentum, turning = _momentum(evidence), evidence.turning
    if momentum is None or turning is None or not enough(turning):
        return None
    memory = 1 / (1 - momentum)
    if momentum <= thresholds["heavy"] or turning.value < thresholds["turning"]:
        return None
    if memory < thresholds["memory"] * evidence.step:
        return None
    name = "beta1" if number(evidence, "beta1") else "momentum"
    facts = {"cosine of successive updates": interval(turning), name: f"{momentum:g}"}
    if evidence.alignment is not None:
        facts["cosine of successive gradients"] = interval(evidence.alignment)
    return Finding(
        symptom="bouncing",
        severity="warning",
        sentence=(
            f"Momentum steers by gradients of long ago: with {name} {momentum:g} each is "
            f"remembered for about {memory:,.0f} steps, and the run has taken {evidence.step:,}. "
            f"Successive updates have a cosine of {turning.value:.3f}, whatever the gradients say."
        ),
        evidence=facts,
        ruled_out=("a straight slope: gradients do not agree as the updates do",),
        prescription=set_hyper(
            name, 0.9, f"Take {name} 0.9, which remembers about 10 steps; keep the learning rate."
        ),
        falsified_by=f"a fork with {name} 0.9 that is no better",
    )


def _leaping(evidence: Evidence) -> Finding | None:
    ratio, alignment, sure = evidence.ratio, evidence.alignment, evidence.reliability
    if ratio is None or alignment is None or not enough(ratio, alignment):
        return None
    if ratio.value < thresholds["ratio"] or alignment.value >= 0:
        return None
    if sure is not None and sure.value <= 0:
        return None
    way = trend(evidence)
    facts = {
        "step ratio": interval(ratio),
        "cosine of successive gradients": interval(alignment),
        "course of the loss": way.course,
    }
    if sure is not None:
        facts["cosine between two halves of a batch"] = interval(sure)
    return Finding(
        symptom="bouncing",
        severity="severe" if ratio.value >= thresholds["severe"] else "warning",
        sentence=(
            f"Your steps leap across the valley: their step ratio is {short(ratio.value)} "
            f"(95 % of {ratio.count} probes: {short(ratio.low)} to {short(ratio.high)}), and above "
            "2 a step raises the loss on its own batch. Successive gradients point against each "
            f"other (cosine {short(alignment.value)}), and the loss is {way.course}."
        ),
        evidence=facts,
        ruled_out=(
            "the edge of stability, which looks alike: there the loss still falls",
            "noise: two halves of a batch agree, so the turning is not chance",
        ),
        prescription=scale_lr(
            evidence, 1 / min(max(ratio.value, 2.0), 4.0), "Or begin the decay now."
        ),
        falsified_by="a fork with the lower learning rate whose loss does not fall either",
    )


def _carried(evidence: Evidence) -> Finding | None:
    uphill, momentum = evidence.uphill, _momentum(evidence)
    if uphill is None or uphill < thresholds["uphill"]:
        return None
    if momentum is None or momentum <= thresholds["heavy"]:
        return None
    if evidence.ratio is not None and not enough(evidence.ratio):
        return None
    name = "beta1" if "beta1" in evidence.hypers else "momentum"
    return Finding(
        symptom="bouncing",
        severity="warning",
        sentence=(
            f"Momentum carries you uphill: {share(uphill)} of your probed steps climb on their own "
            f"batch, and the loss is {trend(evidence).course}. With {name} {momentum:g} a gradient "
            f"is remembered for about {1 / (1 - momentum):.0f} steps."
        ),
        evidence={"steps that climb": share(uphill), name: f"{momentum:g}"},
        ruled_out=("a step that is too long by itself: its direction is what climbs",),
        prescription=set_hyper(
            name, 0.9, f"Take {name} 0.9, which remembers about 10 steps; keep the learning rate."
        ),
        falsified_by=f"a fork with {name} 0.9 in which as many steps climb",
    )


def _momentum(evidence: Evidence) -> float | None:
    found = number(evidence, "momentum") or number(evidence, "beta1")
    return found if found is not None and 0 < found < 1 else None


symptom = Symptom(
    name="bouncing",
    number=2,
    title="steps leap across the valley",
    looks_like="a noisy or flat loss while the gradient stays large",
    needs=("ratio|uphill", "losses|probe_losses"),
    thresholds=thresholds,
    source=(
        "r = 2 is exact on quadratics; Andreyev & Beneventano 2024, arXiv:2412.20553, for batches; "
        "the share of climbing steps is calibrated on injected faults"
    ),
    examine=examine,
    measures=(
        "The step ratio is 2 or more, successive gradients oppose each other though halves of a "
        "batch agree, and the loss does not fall; or momentum above 0.97 carries 40 % of steps "
        "uphill, or remembers a fifth of the run with updates that all but repeat each other."
    ),
    prescribes="Divide the learning rate by 2 to 4, begin the decay, or take momentum 0.9.",
    falsified_by="A fork with the change whose loss does not fall either.",
    observable=True,
)
