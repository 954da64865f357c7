"""Diverging: values that are not finite, a loss above where it began, or spikes.

The place where the first value that is not finite came up says what to change: inputs are the
data's fault, everything else the step's.
"""

from __future__ import annotations

import math
from itertools import pairwise

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import lr, middle, trend
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.remedy import scale_lr
from thalweg.doctor.verdict.wording import count, short, times

thresholds = {
    "above": 1.2,
    "share": 0.01,
    "least": 10.0,
    "spike": 6.0,
    "spikes": 3.0,
    "thrown": 3.0,
    "back": 0.05,
    "batch": 16.0,
    "least_loss": 0.1,
    "high": 0.5,
    "fresh": 0.5,
}


def examine(evidence: Evidence) -> Finding | None:
    """The first that holds: bad inputs, values that are not finite, a loss that rose, spikes."""
    return (
        _inputs(evidence)
        or _broken(evidence)
        or _risen(evidence)
        or _thrown(evidence)
        or _spiky(evidence)
    )


def _inputs(evidence: Evidence) -> Finding | None:
    where = evidence.non_finite or ""
    if not evidence.bad_inputs and not where.startswith("input"):
        return None
    how_many = f"{count(evidence.bad_inputs, 'value')} of" if evidence.bad_inputs else "Values of"
    found = Finding(
        symptom="diverging",
        severity="severe",
        sentence=f"{how_many} the inputs are not finite, and no optimizer can mend that.",
        evidence={"inputs that are not finite": str(evidence.bad_inputs or "some")},
        ruled_out=("the step: the values are in the data, before any weight is used",),
        prescription=Prescription(
            "Find the samples and mend or drop them before training.",
            "bad = ~torch.isfinite(inputs).flatten(1).all(1)\n"
            "inputs, targets = inputs[~bad], targets[~bad]",
        ),
        falsified_by="a batch with these inputs in which every value is finite",
    )
    return found


def _broken(evidence: Evidence) -> Finding | None:
    where = evidence.non_finite
    lost = [one for one in evidence.losses if not math.isfinite(one.value)]
    if not where and not lost:
        return None
    place = where or "loss"
    when = f" at step {lost[0].step:,}" if lost else ""
    facts = {"first value that is not finite": place}
    if evidence.lengths:
        facts["last norm of the gradient"] = short(evidence.lengths[-1].value)
    return Finding(
        symptom="diverging",
        severity="severe",
        sentence=(
            f"The run has diverged: the first value that is not finite came up in {place}{when}."
        ),
        evidence=facts,
        ruled_out=("bad data: the probed inputs are finite",) if evidence.bad_inputs == 0 else (),
        prescription=_slower(evidence),
        falsified_by="the same steps with a tenth of the learning rate that break down as early",
    )


def _risen(evidence: Evidence) -> Finding | None:
    first = _first(evidence)
    recent = _recent(evidence)
    if first is None or first <= 0 or len(recent) < thresholds["least"]:
        return None
    now = middle(recent)
    if now <= thresholds["above"] * first:
        return None
    return Finding(
        symptom="diverging",
        severity="severe",
        sentence=(
            f"The loss has risen to {short(now)} (median of the last "
            f"{count(len(recent), 'step')}), {times(now / first)} what it was before "
            f"the first ({short(first)})."
        ),
        evidence={"loss before the first step": short(first), "loss now": short(now)},
        ruled_out=("a spike: the median of the last losses is what counts",),
        prescription=_slower(evidence),
        falsified_by="the same steps with a tenth of the learning rate that rise as well",
    )


def _thrown(evidence: Evidence) -> Finding | None:
    """The loss was thrown far above its beginning and has not come back; catapults come back."""
    first, recent = _first(evidence), _recent(evidence)
    if first is None or first <= 0 or len(recent) < thresholds["least"]:
        return None
    known = sorted(_steady(evidence))
    top = known[-2] if len(known) > 1 else known[-1]
    now = middle(recent)
    back = now < thresholds["back"] * max(first, evidence.expected or 0.0) or trend(
        evidence
    ).course in ("falling", "unknown")
    if top < thresholds["thrown"] * first or back:
        return None
    return Finding(
        symptom="diverging",
        severity="severe",
        sentence=(
            f"The loss was thrown up to {short(top)}, {times(top / first)} what it was before the "
            f"first step, and lies flat at {short(now)} since: the first steps were too long."
        ),
        evidence={"loss before the first step": short(first), "highest": short(top)},
        ruled_out=("a catapult into a flatter valley: there the loss falls again",),
        prescription=_slower(evidence),
        falsified_by="the same start with a tenth of the learning rate that ends as high",
    )


def _first(evidence: Evidence) -> float | None:
    """The loss before the first step, that of the first batch where nothing better is known.

    A run from a good checkpoint begins with next to none, and twice of that is nothing either: no
    less is taken than a tenth of the loss of knowing nothing. A fresh model's first loss is that of
    one batch, which may be an easy one: no less is taken than the loss of knowing nothing.
    """
    known = evidence.losses
    first = evidence.initial
    if first is None:
        first = known[0].value if known and known[0].step <= 1 else None
    if first is None:
        return None
    base = evidence.expected or 0.0
    sure = (evidence.batch or math.inf) >= thresholds["batch"]
    tuned = sure and first < thresholds["fresh"] * base
    return max(first, (thresholds["least_loss"] if tuned else 1.0) * base)


def _recent(evidence: Evidence) -> list[float]:
    planned = evidence.planned or evidence.step
    size = max(int(thresholds["least"]), int(thresholds["share"] * planned))
    return _steady(evidence)[-size:]


def _steady(evidence: Evidence) -> list[float]:
    """The finite losses; means of neighbours where the batch is tiny: single ones leap anyway."""
    values = [one.value for one in evidence.losses if math.isfinite(one.value)]
    size = math.ceil(thresholds["batch"] / (evidence.batch or thresholds["batch"]))
    return [sum(values[i : i + size]) / size for i in range(0, len(values) - size + 1, size)]


def _spiky(evidence: Evidence) -> Finding | None:
    values = [one for one in _steady(evidence) if one > 0]
    if len(values) < 50:
        return None
    # A hard batch after a good checkpoint is no spike, far as it stands above the others.
    first = max(evidence.initial or values[0], thresholds["high"] * (evidence.expected or 0.0))
    logs = [math.log(one) for one in values]
    centre = [middle(logs[max(0, i - 25) : i + 26]) for i in range(len(logs))]
    rest = [a - b for a, b in zip(logs, centre, strict=True)]
    spread = 1.4826 * middle(map(abs, rest))
    if spread <= 0:
        return None
    high = [
        i for i, one in enumerate(rest) if one / spread > thresholds["spike"] and values[i] > first
    ]
    # Neighbouring steps are one spike.
    spikes = len(high[:1]) + sum(b - a > 5 for a, b in pairwise(high))
    if spikes < thresholds["spikes"]:
        return None
    top = max(values[i] for i in high)
    return Finding(
        symptom="diverging",
        severity="warning",
        sentence=(
            f"The loss spiked {spikes} times in {len(values):,} steps, up to {short(top)}, above "
            f"where it began ({short(first)})."
        ),
        evidence={"spikes": str(spikes), "highest": short(top)},
        prescription=_slower(evidence),
        falsified_by="the same spikes with a tenth of the learning rate and clipped gradients",
    )


def _slower(evidence: Evidence) -> Prescription:
    lengths = sorted(one.value for one in evidence.lengths if math.isfinite(one.value))
    clip = ""
    if len(lengths) >= 10:
        bound = lengths[int(0.9 * (len(lengths) - 1))]
        clip = f" And clip gradients at {short(bound)}, the 90th percentile of their norms."
    now = lr(evidence)
    goal = f"back to {short(now)} only by a long warm-up" if now else "and warm up"
    return scale_lr(evidence, 0.1, f"If you need it, go {goal}.{clip}")


symptom = Symptom(
    name="diverging",
    number=3,
    title="the run diverges or spikes",
    looks_like="NaN, infinities, or a loss above where it began",
    needs=("losses|non_finite|bad_inputs",),
    thresholds=thresholds,
    source=(
        "a value that is not finite is exact; robust z above 6 and the recipe (a tenth, warm-up, "
        "clip at the 90th percentile) follow Google's Deep Learning Tuning Playbook"
    ),
    examine=examine,
    measures=(
        "A value is not finite, or the median of the last 1 % of losses is 1.2 times the loss "
        "before the first step, or it was thrown to 3 times that and lies flat above a twentieth "
        "of it, "
        "or three spikes stand 6 robust deviations out and above it."
    ),
    prescribes="A tenth of the learning rate, a warm-up, clipping at the 90th percentile.",
    falsified_by="A run with a tenth of the learning rate that breaks down as early.",
    exact=True,
)
