"""Vanishing gradients: they shrink on the way back, so the first layers hardly learn.

Ratios of layers, not sizes: a gradient's size depends on width, loss and reduction, and says
nothing by itself.
"""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence, Layer
from thalweg.doctor.past.course import learnt, matrices, middle
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.wording import short, times

thresholds = {"gradient": 1e-3, "severe": 1e-5, "update": 1e-3, "layers": 3.0, "learnt": 0.1}


def examine(evidence: Evidence) -> Finding | None:
    """The first layers' gradients, or updates, are a thousandth of the others'."""
    # A weight that its module does not use itself, as attention's last one, has no place.
    found = [one for one in matrices(evidence) if one.gradient and one.depth is not None]
    if len(found) < thresholds["layers"]:
        return None
    early = found[: max(len(found) // 3, 1)]
    late = found[-max(len(found) // 3, 1) :]
    first, last = _typical(early), _typical(late)
    profile = _profile(found, early)
    if last <= 0:
        return None
    # An update of 0 has another reason, such as a learning rate that is all but 0.
    starved = profile is not None and 0 < profile < thresholds["update"]
    if not (first / last < thresholds["gradient"] or starved):
        return None
    worst = min(early, key=lambda one: one.gradient or 0.0)
    facts = {f"gradient of {one.name}": short(one.gradient or 0.0) for one in [*early, *late]}
    if profile is not None:
        facts["smallest update over weight, against the median"] = short(profile)
    severity = "severe" if first / last < thresholds["severe"] else "warning"
    return Finding(
        symptom="vanishing-gradients",
        # Where next to no loss is left, gradients are next to none everywhere, and need not be.
        severity="observation" if learnt(evidence, thresholds["learnt"]) else severity,
        sentence=(
            f"Gradients vanish on their way back: those of the first layers ({worst.name} is the "
            f"smallest) are {times(first / last)} those of the last, so the first layers hardly "
            "learn."
        ),
        evidence=facts,
        ruled_out=("frozen layers: they have a gradient and are trained",),
        prescription=Prescription(
            "Add residual connections or normalisation, start with He's or orthogonal weights, or "
            "take an activation that does not saturate; until then, a learning rate of its own "
            "for each layer helps.",
            "for module in model.modules():\n"
            "    if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):\n"
            "        torch.nn.init.kaiming_normal_(module.weight)",
        ),
        falsified_by="first layers that, frozen, leave the loss as high as it is when they learn",
    )


def _typical(layers: list[Layer]) -> float:
    return middle(one.gradient or 0.0 for one in layers)


def _profile(found: list[Layer], early: list[Layer]) -> float | None:
    """The smallest early layer's update over its weight, against the median of all."""
    moved = {one.name: one.update / one.weight for one in found if one.update is not None}
    centre = middle(moved.values())
    first = [moved[one.name] for one in early if one.name in moved]
    return min(first) / centre if first and centre > 0 else None


symptom = Symptom(
    name="vanishing-gradients",
    number=8,
    title="gradients vanish with depth",
    looks_like="first layers that stay as they were",
    needs=("layers",),
    thresholds=thresholds,
    source="the ratio of AutoTrainer (Zhang et al. 2021), without its absolute sizes",
    examine=examine,
    measures=(
        "The gradients of the first third of the layers are below a thousandth of the last "
        "third's, or an early layer's update over its weight is below a thousandth of the median. "
        "Where less than a tenth of the loss of knowing nothing is left, that is only observed."
    ),
    prescribes="Residuals, normalisation, another initialisation or activation.",
    falsified_by="First layers whose freezing changes nothing.",
)
