"""Weight decay rules: most of each update is decay, and the weights shrink away."""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import lr, matrices, middle, number
from thalweg.doctor.symptom.symptom import Finding, Symptom
from thalweg.doctor.verdict.remedy import set_hyper
from thalweg.doctor.verdict.wording import share, short
from thalweg.probe.edge import SCALED

thresholds = {"part": 0.5, "fall": 0.01, "lost": 0.5, "alone": 0.1, "gone": 0.9, "taken": 0.05}


def examine(evidence: Evidence) -> Finding | None:
    """Decay is more than half of a typical update, and the weights fall or have fallen."""
    parts = [
        one.decay / one.update for one in matrices(evidence) if one.decay is not None and one.update
    ]
    fall, lost = _fall(evidence), _lost(evidence)
    taken = _taken(evidence)
    gone = lost > thresholds["gone"] and bool(number(evidence, "weight_decay"))
    gone = gone or taken >= thresholds["taken"]
    if not parts and not gone:
        return None
    part = 1.0 if gone else middle(parts)
    if len(evidence.weights) < 2:
        # Nobody followed the norm: then only a decay that would take much of it alone counts.
        alone = 100 * middle((one.decay or 0.0) / one.weight for one in matrices(evidence))
        fall = min(alone, 1.0) if alone > thresholds["alone"] else 0.0
    if part <= thresholds["part"]:
        return None
    # Near rest, decay and gradient cancel, and both are larger than what is left of them.
    if fall <= thresholds["fall"] and lost <= thresholds["lost"] and not gone:
        return None
    decay = number(evidence, "weight_decay")
    new = 0.01
    if decay:
        new = float(f"{decay / (30 if lost > thresholds['lost'] else 3):.1g}")
    how = f"the weights have lost {share(lost)} of their norm"
    if fall > thresholds["fall"]:
        how = f"the weights shrink by {share(fall)} every 100 steps"
    if taken >= thresholds["taken"]:
        how = f"it takes {share(min(taken, 1.0))} of the weights at every step"
    return Finding(
        symptom="weight-decay",
        severity="severe" if gone or lost > thresholds["lost"] else "warning",
        sentence=(
            f"Weight decay{f' {short(decay)}' if decay else ''} rules: it is "
            f"{share(min(part, 1.0))} of a typical update, and {how}."
        ),
        evidence={
            "decay over update, median": short(part),
            "fall of the norm in 100 steps": share(fall),
            "norm lost so far": share(lost),
        },
        ruled_out=("rest between decay and gradient: there the norm would not fall",),
        prescription=set_hyper(
            "weight_decay",
            new,
            f"Take weight decay {short(new)}, decoupled, and leave out biases and gains.",
        ),
        falsified_by=f"a fork with weight decay {short(new)} whose loss falls no faster",
    )


def _taken(evidence: Evidence) -> float:
    """The share of the weights that decay takes at each step; 0 where the rule divides it."""
    decay, rate = number(evidence, "weight_decay"), lr(evidence)
    if not decay or not rate or evidence.rule in SCALED - {"adamw"}:
        return 0.0
    return decay * rate


def _fall(evidence: Evidence) -> float:
    """The relative fall of the norm in 100 steps, over the last fifth of the history."""
    known = evidence.weights
    if len(known) < 2:
        return 0.0
    last = known[-max(len(known) // 5, 2) :]
    steps = last[-1].step - last[0].step
    if steps <= 0 or last[0].value <= 0:
        return 0.0
    return (1 - last[-1].value / last[0].value) * 100 / steps


def _lost(evidence: Evidence) -> float:
    """The share of its largest value that the norm has lost."""
    top = max((one.value for one in evidence.weights), default=0.0)
    return 1 - evidence.weights[-1].value / top if top > 0 else 0.0


symptom = Symptom(
    name="weight-decay",
    number=21,
    title="weight decay rules",
    looks_like="weights that shrink, a loss that rises",
    needs=("layers|hypers", "weights"),
    thresholds=thresholds,
    source="calibrated",
    examine=examine,
    measures=(
        "Decay is more than half of a typical update, and the norm of the weights falls by more "
        "than 1 % in 100 steps or has lost half (where nobody followed it: decay alone would take "
        "10 %); or lr × weight_decay takes 5 % of the weights at every step."
    ),
    prescribes="A third of it (a thirtieth where half of the norm is gone), decoupled.",
    falsified_by="A fork with less weight decay whose loss falls no faster.",
)
