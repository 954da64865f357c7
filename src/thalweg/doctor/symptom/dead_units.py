"""Dead units: they put out 0 on every sample, get no gradient, and never come back."""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.remedy import scale_lr
from thalweg.doctor.verdict.wording import share, some

thresholds = {"dead": 0.5, "severe": 0.9, "samples": 250.0}


def examine(evidence: Evidence) -> Finding | None:
    """More than half of a layer's units are 0 on every sample of the probe set."""
    # A small training part can't show that many samples, but it can show all.
    least = min(thresholds["samples"], evidence.samples or thresholds["samples"])
    found = [
        (one, one.dead)
        for one in evidence.activations
        if one.dead is not None and one.dead > thresholds["dead"] and one.samples >= least
    ]
    if not found:
        return None
    worst, part = max(found, key=lambda pair: pair[1])
    others = [one.name for one, _ in found if one is not worst]
    facts = {f"dead in {one.name} ({one.kind}, {one.units} units)": share(p) for one, p in found}
    if worst.dormant is not None:
        facts[f"dormant in {worst.name}"] = share(worst.dormant)
    also = f" So is much of {some(others)}." if others else ""
    return Finding(
        symptom="dead-units",
        severity="severe" if part >= thresholds["severe"] else "warning",
        sentence=(
            f"{share(part)} of the {worst.units} units of {worst.name} ({worst.kind}) are dead: 0 "
            f"on each of {worst.samples:,} samples, so no gradient reaches them.{also}"
        ),
        evidence=facts,
        ruled_out=("a sparse layer: its units would each speak on some sample",),
        prescription=_prescription(evidence, worst.name),
        falsified_by="units that become active on other samples of the training part",
    )


def _prescription(evidence: Evidence, name: str) -> Prescription:
    slower = scale_lr(evidence, 1 / 3)
    return Prescription(
        "Take LeakyReLU or GELU in its place, start the biases before it a little above 0, and "
        "initialise the dead units again; if they died in training, divide the learning rate by "
        "3 or warm it up.",
        f"model.set_submodule({name!r}, torch.nn.LeakyReLU(0.01))",
        slower.hypers,
    )


symptom = Symptom(
    name="dead-units",
    number=10,
    title="dead units",
    looks_like="a plateau well above what the model could reach",
    needs=("activations",),
    thresholds=thresholds,
    source=(
        "more than half of a layer (SageMaker Debugger); 0 over at least 250 samples; dormant "
        "units after Sokar et al. 2023, arXiv:2302.12902"
    ),
    examine=examine,
    measures="More than half of a layer's units are 0 on each of at least 250 samples.",
    prescribes="A leaky activation, biases above 0, units initialised again, a warm-up.",
    falsified_by="Units that become active on other samples.",
)
