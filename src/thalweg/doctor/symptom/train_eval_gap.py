"""Mode gap: the same batch costs something quite different in train and in eval mode."""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import middle
from thalweg.doctor.symptom.symptom import Finding, Prescription, Severity, Symptom
from thalweg.doctor.verdict.wording import share

thresholds = {"gap": 0.5, "severe": 2.0, "dropout": 0.3, "loss": 0.1, "calls": 2.0}


def examine(evidence: Evidence) -> Finding | None:
    """Trained in eval mode, or a gap of more than half between the two modes."""
    depends = bool(evidence.batch_norm) or bool(evidence.dropout)
    if evidence.training is False and depends:
        return _asleep(evidence)
    if depends and evidence.extra.get("evaluated_awake", 0) >= thresholds["calls"]:
        return _awake(evidence)
    gap = evidence.mode_gap
    if gap is None or gap <= thresholds["gap"] or _small(evidence, gap):
        return None
    severity: Severity = "severe" if gap >= thresholds["severe"] else "warning"
    strong = (evidence.dropout or 0.0) >= thresholds["dropout"]
    if strong and not evidence.batch_norm:
        severity = "observation"  # what strong dropout is for
    why = "batch normalisation's running averages" if evidence.batch_norm else "dropout"
    small = evidence.batch is not None and evidence.batch < 16
    change = "Take batches of 16 or more, or GroupNorm" if small else "Let the averages catch up"
    return Finding(
        symptom="train-eval-gap",
        severity=severity,
        sentence=(
            f"On the same batch the loss differs by {share(gap)} between train and eval mode, "
            f"through {why}: what you train is not what you evaluate."
        ),
        evidence={"relative difference of the loss": share(gap)},
        ruled_out=("other data: it is the same batch at the same weights",),
        prescription=Prescription(
            f"{change}: call model.train() before training and model.eval() before evaluation, "
            "and make the running averages anew over the training data.",
            "torch.optim.swa_utils.update_bn(loader, model)",
        ),
        falsified_by="averages made anew with which the difference stays",
    )


def _small(evidence: Evidence, gap: float) -> bool:
    """Half of next to nothing: dropout shows once nearly all of the loss is gone."""
    recent = middle(one.value for one in evidence.losses[-20:])
    base = evidence.expected or evidence.initial
    return bool(base) and gap * recent < thresholds["loss"] * (base or 0.0)


def _awake(evidence: Evidence) -> Finding:
    what = "the batch's own statistics" if evidence.batch_norm else "dropout"
    calls = evidence.extra["evaluated_awake"]
    return Finding(
        symptom="train-eval-gap",
        severity="warning",
        sentence=(
            f"The model was evaluated in train mode, {calls} times without gradients: {what} is in "
            "those figures. model.eval() was forgotten."
        ),
        evidence={"forward passes without gradients in train mode": str(calls)},
        ruled_out=("training steps: those were taken with gradients",),
        prescription=Prescription(
            "Call model.eval() before every evaluation, and model.train() after it.",
            "model.eval()\nwith torch.no_grad():\n    ...  # evaluate\nmodel.train()",
        ),
        falsified_by="passes made in train mode on purpose, as to make running averages anew",
    )


def _asleep(evidence: Evidence) -> Finding:
    what = "batch normalisation keeps its old averages" if evidence.batch_norm else "dropout is off"
    return Finding(
        symptom="train-eval-gap",
        severity="warning",
        sentence=f"The model was trained in eval mode: {what}. model.train() was forgotten.",
        evidence={"train mode": "off"},
        ruled_out=(),
        prescription=Prescription(
            "Call model.train() at the beginning of every epoch, after the evaluation.",
            "model.train()",
        ),
        falsified_by="layers that were put into eval mode on purpose, as in fine-tuning",
    )


symptom = Symptom(
    name="train-eval-gap",
    number=22,
    title="train and eval mode differ",
    looks_like="validation terrible, training fine",
    needs=("mode_gap|training",),
    thresholds=thresholds,
    source="more than half (TheDeepChecker, Ben Braiek & Khomh 2023)",
    examine=examine,
    measures=(
        "The loss of the same batch differs by more than half between the modes (only observed "
        "for dropout of 0.3 and more, and nowhere once it is below a tenth of knowing nothing), or "
        "the model was trained in eval mode, or evaluated in train mode."
    ),
    prescribes="model.train() and model.eval() in their places; running averages made anew.",
    falsified_by="Averages made anew with which the difference stays.",
)
