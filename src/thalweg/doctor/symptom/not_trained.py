"""Parameters not trained: the optimizer does not hold them, or no gradient reaches them."""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence, Layer
from thalweg.doctor.symptom.symptom import Finding, Prescription, Severity, Symptom
from thalweg.doctor.verdict.wording import count, share, some

thresholds = {"unrounded": 0.2, "dead": 0.5, "nothing": 1e-30, "severe": 0.5}


def examine(evidence: Evidence) -> Finding | None:
    """Which parameters stand still and why; the first reason that holds is named."""
    layers = evidence.layers
    missing = [one for one in layers if one.trainable and not one.owned]
    detached = [one for one in layers if one.trainable and one.owned and one.gradient is None]
    silent = [] if _otherwise(evidence) else [one for one in layers if _silent(one)]
    stuck = _stuck(evidence)
    frozen = [one for one in layers if not one.trainable]
    for found, tell in (
        (missing, _missing),
        (detached, _detached),
        (silent, _silenced),
        (stuck, _stays),
        (frozen, _frozen),
    ):
        if found and len(layers) >= len(found):
            return tell(found, evidence)
    return None


def _silent(one: Layer) -> bool:
    return one.trainable and one.owned and one.gradient == 0 and one.moved is False


def _otherwise(evidence: Evidence) -> bool:
    """A gradient of 0 has another reason: dead or saturated units, or weights that are all 0."""
    if all(one.weight < thresholds["nothing"] for one in evidence.layers if len(one.shape) > 1):
        return True
    return any(
        max(one.dead or 0.0, one.saturated or 0.0) >= thresholds["dead"]
        for one in evidence.activations
    )


def _stuck(evidence: Evidence) -> list[Layer]:
    """Has a gradient and an owner, others move, and it does not; not by rounding."""
    held = [one for one in evidence.layers if one.trainable and one.owned]
    if not any(one.moved for one in held):
        return []
    return [
        one
        for one in held
        if one.moved is False and one.gradient and (one.unrounded or 0) < thresholds["unrounded"]
    ]


def _finding(
    found: list[Layer], evidence: Evidence, severity: Severity, why: str, change: Prescription
) -> Finding:
    part = _size(found) / max(_size(evidence.layers), 1)
    names = [one.name for one in found]
    return Finding(
        symptom="not-trained",
        severity=severity,
        sentence=(
            f"{count(len(found), 'parameter')} ({some(names)}), {share(part)} of all numbers in "
            f"the model, {'is' if len(found) == 1 else 'are'} not trained: {why}."
        ),
        evidence={one.name: _state(one) for one in found[:12]},
        ruled_out=("slow learning: they do not move at all",),
        prescription=change,
        falsified_by="one of them that differs after the next step",
    )


def _size(layers: list[Layer]) -> int:
    total = 0
    for one in layers:
        size = 1
        for length in one.shape:
            size *= length
        total += size
    return total


def _state(one: Layer) -> str:
    said = ["requires_grad" if one.trainable else "requires_grad off"]
    said.append("in the optimizer" if one.owned else "not in the optimizer")
    said.append("no gradient" if one.gradient is None else f"gradient norm {one.gradient:.3g}")
    return ", ".join(said)


def _missing(found: list[Layer], evidence: Evidence) -> Finding:
    names = [one.name for one in found]
    change = Prescription(
        "Give them to the optimizer.",
        f"missing = {names!r}\n"
        "optimizer.add_param_group(\n"
        '    {"params": [p for n, p in model.named_parameters() if n in missing]}\n)',
    )
    return _finding(found, evidence, "severe", "no group of the optimizer holds them", change)


def _detached(found: list[Layer], evidence: Evidence) -> Finding:
    change = Prescription(
        "Look for detach, item, .data, no_grad or a NumPy round trip between them and the loss; or "
        "take them out of the model if nothing uses them.",
        "loss(model(inputs), targets).backward()\n"
        "print([n for n, p in model.named_parameters() if p.grad is None])",
    )
    return _finding(found, evidence, "severe", "no gradient reaches them", change)


def _silenced(found: list[Layer], evidence: Evidence) -> Finding:
    change = Prescription(
        "Look for what multiplies by 0 between them and the loss: a mask, a gate, a last layer "
        "that starts at 0."
    )
    return _finding(found, evidence, "warning", "their gradient is exactly 0", change)


def _stays(found: list[Layer], evidence: Evidence) -> Finding:
    change = Prescription(
        "Check the learning rate of their group, and that the optimizer was made after the model "
        "was moved to its device.",
        'print([(len(g["params"]), g["lr"]) for g in optimizer.param_groups])',
    )
    return _finding(found, evidence, "severe", "they have a gradient and never change", change)


def _frozen(found: list[Layer], evidence: Evidence) -> Finding:
    change = Prescription(
        "If that is not meant, switch it on, and give them to the optimizer.",
        "for name, param in model.named_parameters():\n    param.requires_grad_(True)",
    )
    severity = "observation" if "fine-tuning" in evidence.observed else "warning"
    return _finding(found, evidence, severity, "their requires_grad is off", change)


symptom = Symptom(
    name="not-trained",
    number=16,
    title="parameters that are not trained",
    looks_like="a part of the model that stays as it was",
    needs=("layers",),
    thresholds=thresholds,
    source="exact",
    examine=examine,
    measures=(
        "A parameter is in no group of the optimizer, has no gradient, one of exactly 0, never "
        "changes though others do, or has requires_grad off (only observed in fine-tuning)."
    ),
    prescribes="Add it to the optimizer, mend the detached graph, or unfreeze it.",
    falsified_by="A parameter of these that differs after the next step.",
    exact=True,
)
