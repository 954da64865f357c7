"""Wiring: the model can't learn because something is connected wrongly. No optimizer mends that."""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.symptom.symptom import Finding, Prescription, Severity, Symptom
from thalweg.doctor.verdict.wording import share, short, times

thresholds = {
    "initial": 2.0,
    "overfit": 0.5,
    "blind": 0.01,
    "looks": 0.1,
    "shuffled": 1.05,
    "learned": 0.9,
    "dead": 0.9,
    "saturated": 0.7,
}

Check = tuple[Severity, str, str, str]


def examine(evidence: Evidence) -> Finding | None:
    """The checks, in the order of how much they say; the first that fails is named."""
    failed = [
        check
        for check in (_cannot_learn(evidence), _shuffled(evidence), _initial(evidence))
        if check is not None
    ]
    if not failed:
        return None
    severity, sentence, words, code = failed[0]
    return Finding(
        symptom="wiring",
        severity=severity,
        sentence=f"{sentence} This is not an optimizer problem.",
        evidence=_facts(evidence),
        ruled_out=(
            ("a bad learning rate: the test ran on a copy with a safe one",)
            if failed[0] == _cannot_learn(evidence)
            else ()
        ),
        prescription=Prescription(words, code),
        falsified_by="the same test that passes on other samples",
    )


def _cannot_learn(evidence: Evidence) -> Check | None:
    left = evidence.overfit
    if left is None or left <= thresholds["overfit"] or _blocked(evidence):
        return None
    said = f"A copy of the model can't even learn 16 samples by heart: {share(left)} of its loss is"
    # By itself a small change says little: a model that has learned nothing yet shows it too.
    if evidence.blind is not None and evidence.blind < thresholds["blind"]:
        return (
            "severe",
            f"{said} left, and with all inputs zeroed the loss changes by only "
            f"{share(evidence.blind)}: the model does not look at its inputs.",
            "Look where the inputs are lost: a wrong slice, a mask, a constant fed in their "
            "place, or a layer whose outputs are all alike.",
            "print(model(inputs).std(0), model(torch.zeros_like(inputs)).std(0))",
        )
    return (
        "severe",
        f"{said} left.",
        "Follow one batch through: do outputs reach the loss, do its gradients reach every layer, "
        "and do inputs and targets belong together?",
        "loss(model(inputs[:16]), targets[:16]).backward()\n"
        "print({name: p.grad for name, p in model.named_parameters()})",
    )


def _shuffled(evidence: Evidence) -> Check | None:
    ratio = evidence.shuffled
    blocked = _blocked(evidence) or _learned(evidence)
    if ratio is None or ratio >= thresholds["shuffled"] or blocked:
        return None
    return (
        "severe",
        f"The labels tell nothing: a copy that learned them shuffled does as well on held-out "
        f"samples as one that learned them true ({times(ratio)} its loss).",
        "Check that inputs and labels are read in the same order, and shuffled together.",
        "index = torch.randperm(len(inputs))\ninputs, targets = inputs[index], targets[index]",
    )


def _blocked(evidence: Evidence) -> bool:
    """Dead or saturated layers let nothing through: that is the matter then, not the wiring."""
    return any(
        (one.dead or 0.0) >= thresholds["dead"] or (one.saturated or 0.0) >= thresholds["saturated"]
        for one in evidence.activations
    )


def _learned(evidence: Evidence) -> bool:
    """On held-out samples the run itself is clearly better than a constant guess."""
    if not evidence.evaluations or not evidence.expected:
        return False
    # Without a look at the inputs a model can still learn how frequent each target is.
    if evidence.blind is not None and evidence.blind < thresholds["looks"]:
        return False
    best = min(one.validation for one in evidence.evaluations)
    return best < thresholds["learned"] * evidence.expected


def _initial(evidence: Evidence) -> Check | None:
    first, base = evidence.initial, evidence.expected
    if first is None or not base or evidence.loss_kind != "classification":
        return None
    if first <= thresholds["initial"] * base:
        return None
    return (
        "observation",
        f"Before the first step the loss was {short(first)}, {times(first / base)} that of knowing "
        f"nothing ({short(base)}).",
        "Make the last layer's initial weights smaller; check that the loss gets logits, not "
        "probabilities.",
        "torch.nn.init.zeros_(last.weight)",
    )


def _facts(evidence: Evidence) -> dict[str, str]:
    known = {
        "loss left on 16 samples": evidence.overfit,
        "change of the loss with zeroed inputs": evidence.blind,
        "held-out loss after shuffled labels, over that after true ones": evidence.shuffled,
        "loss before the first step": evidence.initial,
        "loss of knowing nothing": evidence.expected,
    }
    return {name: short(value) for name, value in known.items() if value is not None}


symptom = Symptom(
    name="wiring",
    number=15,
    title="something is connected wrongly",
    looks_like="a model that never learns",
    needs=("overfit|shuffled|initial",),
    thresholds=thresholds,
    source=(
        "the tests of TheDeepChecker (Ben Braiek & Khomh 2023); how much has to be left is "
        "calibrated"
    ),
    examine=examine,
    measures=(
        "A copy can't learn 16 samples by heart (and, where that is why, zeroed inputs give the "
        "same loss), or learns as much from shuffled labels as from true ones. An initial loss of "
        "twice that of knowing nothing is only observed."
    ),
    prescribes="Names the failing check and where to look. Not an optimizer problem.",
    falsified_by="The same test that passes on other samples.",
)
