"""Update over weight: how far a step moves each layer, against the layer's own size.

About a thousandth is usual. A layer that moves a tenth of itself forgets what it learned; layers
that differ a thousandfold don't learn together. Biases and gains, which begin at 0 or 1, are left
out.
"""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import in_tail, lr, matrices, middle
from thalweg.doctor.symptom.symptom import Finding, Prescription, Severity, Symptom
from thalweg.doctor.verdict.remedy import scale_lr
from thalweg.doctor.verdict.wording import short, times

thresholds = {"high": 0.1, "low": 1e-6, "spread": 1e3, "usual": 1e-3}


def examine(evidence: Evidence) -> Finding | None:
    """Layers that move too far, or a thousand times as far as others."""
    ratios = {
        one.name: one.update / one.weight
        for one in matrices(evidence)
        if one.update is not None and one.update > 0
    }
    if not ratios:
        return None
    top, bottom = max(ratios, key=ratios.__getitem__), min(ratios, key=ratios.__getitem__)
    facts = {f"update over weight of {name}": short(value) for name, value in ratios.items()}
    typical = middle(ratios.values())
    if typical > thresholds["high"]:
        return _finding(
            "severe" if typical > 1 else "warning",
            f"A step moves a typical layer by {short(typical)} of its own size, about "
            f"{times(typical / thresholds['usual'])} what is usual (0.001); {top} moves most.",
            facts,
            scale_lr(evidence, max(thresholds["usual"] * 3 / typical, 0.1)),
        )
    spread = ratios[top] / ratios[bottom]
    if len(ratios) > 1 and spread > thresholds["spread"]:
        return _finding(
            "warning",
            f"Layers move unevenly: a step moves {top} by {short(ratios[top])} of its size and "
            f"{bottom} by {short(ratios[bottom])}, {times(spread)} apart.",
            facts,
            _groups(evidence, top, bottom),
        )
    if typical < thresholds["low"] and not in_tail(evidence):
        return _finding(
            "observation",
            f"A step moves a typical layer by only {short(typical)} of its own size; 0.001 is "
            "usual, though late in a run it may be less.",
            facts,
            scale_lr(evidence, 10.0),
        )
    return None


def _finding(
    severity: Severity, sentence: str, facts: dict[str, str], change: Prescription
) -> Finding:
    return Finding(
        symptom="update-ratio",
        severity=severity,
        sentence=sentence,
        evidence=facts,
        ruled_out=("biases and gains, which start at 0 or 1, are not counted",),
        prescription=change,
        falsified_by="a fork with the change whose loss falls no faster",
    )


def _groups(evidence: Evidence, top: str, bottom: str) -> Prescription:
    now = lr(evidence)
    said = f"{now:g}" if now else "lr"
    return Prescription(
        "Give each layer its own learning rate, or take a rule with a trust ratio for each layer "
        "(LAMB for Adam, LARS for SGD).",
        f"# {top} moves most, {bottom} least\n"
        f"optimizer = thalweg.LAMB(model.parameters(), lr={said})",
    )


symptom = Symptom(
    name="update-ratio",
    number=12,
    title="updates out of proportion to the weights",
    looks_like="layers that learn at different speeds, or forget",
    needs=("layers",),
    thresholds=thresholds,
    source=(
        "about 0.001 (Stanford CS231n); outside 1e-4 to 1e-1 counts as off in TheDeepChecker "
        "(Ben Braiek & Khomh 2023); the spread is calibrated"
    ),
    examine=examine,
    measures=(
        "A typical matrix moves more than a tenth of its size a step, or two of them differ "
        "1000-fold; below a millionth is only observed."
    ),
    prescribes="A learning rate of its own for each layer, or a rule with a trust ratio.",
    falsified_by="A fork with the change whose loss falls no faster.",
)
