"""Saturation: outputs of sigmoid and tanh lie in the flat part, where no gradient passes."""

from __future__ import annotations

from thalweg.doctor.evidence import Activation, Evidence
from thalweg.doctor.past.course import learnt
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.wording import share, short, some

thresholds = {"saturated": 0.5, "severe": 0.7, "learnt": 0.1}


def examine(evidence: Evidence) -> Finding | None:
    """More than half of a layer's outputs are flat; a model's last sigmoid may well be."""
    inner = [one for one in evidence.activations if not _is_output(evidence, one)]
    found = [
        (one, one.saturated)
        for one in inner
        if one.saturated is not None and one.saturated > thresholds["saturated"]
    ]
    if not found:
        return None
    worst, part = max(found, key=lambda pair: pair[1])
    others = [one.name for one, _ in found if one is not worst]
    also = f", and so it is in {some(others)}" if others else ""
    facts = {f"saturated in {one.name} ({one.kind})": share(p) for one, p in found}
    if evidence.input_scale is not None:
        facts["largest spread of an input column"] = short(evidence.input_scale[2])
    severity = "severe" if part >= thresholds["severe"] else "warning"
    return Finding(
        symptom="saturation",
        # A model that has learnt its task is sure of itself: flat parts hinder it no more.
        severity="observation" if learnt(evidence, thresholds["learnt"]) else severity,
        sentence=(
            f"{worst.name} ({worst.kind}) is saturated: {share(part)} of its outputs over "
            f"{worst.samples:,} samples lie in the flat part{also}, and hardly any gradient passes."
        ),
        evidence=facts,
        ruled_out=("a confident last layer: this one is inside the model",),
        prescription=Prescription(
            "Start with smaller weights (Glorot's), bring the inputs to mean 0 and spread 1, or "
            "take an activation without flat parts.",
            "for module in model.modules():\n"
            "    if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):\n"
            "        torch.nn.init.xavier_normal_(module.weight)",
        ),
        falsified_by="a model with smaller weights whose loss falls no faster",
    )


def _is_output(evidence: Evidence, one: Activation) -> bool:
    return one.kind in ("Sigmoid", "Softmax") and one is evidence.activations[-1]


symptom = Symptom(
    name="saturation",
    number=11,
    title="saturated activations",
    looks_like="sigmoid or tanh nets that learn slowly",
    needs=("activations",),
    thresholds=thresholds,
    source="more than half of the outputs (SageMaker Debugger); severe from 70 % (NeuralDBG)",
    examine=examine,
    measures=(
        "More than half of an inner layer's outputs lie in its flat part. Where less than a tenth "
        "of the loss of knowing nothing is left, that is only observed."
    ),
    prescribes="Smaller initial weights, normalised inputs, another activation.",
    falsified_by="Smaller weights with which the loss falls no faster.",
)
