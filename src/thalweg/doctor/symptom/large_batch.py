"""A batch far larger than the noise scale: few, perfect steps, and samples that bring nothing."""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import enough
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.wording import short

thresholds = {"ratio": 0.1}


def examine(evidence: Evidence) -> Finding | None:
    """The noise scale is below a tenth of the batch. Never worse than an observation.

    It costs samples, not the result; and on the full batch it is a method of its own.
    """
    scale, batch = evidence.noise_scale, evidence.batch
    if scale is None or not batch or not enough(scale) or scale.high <= 0:
        return None
    if scale.high / batch >= thresholds["ratio"]:
        return None
    half = max(batch // 2, 1)
    return Finding(
        symptom="large-batch",
        severity="observation",
        sentence=(
            f"The batch of {batch} is larger than it need be: the gradient noise scale is "
            f"{short(scale.value)} samples (95 % of {scale.count} probes: {short(scale.low)} to "
            f"{short(scale.high)}), so half of it would give nearly the same step."
        ),
        evidence={"noise scale": f"{short(scale.value)} samples", "batch": str(batch)},
        prescription=Prescription(
            f"Halve the batch, to {half}, or keep it with a higher learning rate (in proportion "
            "for SGD, by the square root for Adam); keep the number of epochs.",
            f"loader = DataLoader(dataset, batch_size={half}, shuffle=True)",
        ),
        falsified_by="half the batch that needs as many steps and epochs more",
    )


symptom = Symptom(
    name="large-batch",
    number=5,
    title="the batch is wastefully large",
    looks_like="few, perfect steps",
    needs=("noise_scale", "batch"),
    thresholds=thresholds,
    source="noise scale of McCandlish et al. 2018, arXiv:1812.06162",
    examine=examine,
    measures="The gradient noise scale is less than a tenth of the batch.",
    prescribes="Half the batch, or a higher learning rate; the same epochs. Only ever observed.",
    falsified_by="Half the batch that needs as many steps.",
)
