"""Schedule faults: the learning rate ended early, is 0, or is still warming up."""

from __future__ import annotations

from itertools import pairwise

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import enough
from thalweg.doctor.symptom.symptom import Finding, Severity, Symptom
from thalweg.doctor.verdict.remedy import set_hyper
from thalweg.doctor.verdict.wording import interval, share, short

thresholds = {
    "rate": 0.01,
    "multiplier": 10.0,
    "left": 0.1,
    "tail": 0.25,
    "warmup": 0.25,
    "severe": 0.001,
}


def examine(evidence: Evidence) -> Finding | None:
    """A rate that has ended while there is room, or a warm-up that eats the run."""
    rates = [one.value for one in evidence.rates]
    largest = max(rates)
    if largest <= 0:
        return _off(evidence)
    now = rates[-1] / largest
    if now < thresholds["rate"] and _early(evidence, largest) and _room(evidence):
        return _ended(evidence, largest, now)
    return _warming(evidence, largest)


def _early(evidence: Evidence, largest: float) -> bool:
    """The rate was brought down long before the end: a tail is no fault, a life in it is."""
    low = [one.step for one in evidence.rates if one.value < thresholds["rate"] * largest]
    first, last = low[0], evidence.rates[-1].step
    if evidence.planned:
        return first < (1 - thresholds["left"]) * evidence.planned and (
            (last - first) + (evidence.planned - last) > thresholds["left"] * evidence.planned
        )
    return last - first > thresholds["tail"] * max(last, 1)


def _room(evidence: Evidence) -> bool:
    """The step could be far longer; where that was not measured, the rate must be all but 0."""
    room = evidence.critical_probe or evidence.critical
    if room is not None and enough(room):
        return room.value >= thresholds["multiplier"]
    return evidence.rates[-1].value <= thresholds["rate"] * max(o.value for o in evidence.rates)


def _ended(evidence: Evidence, largest: float, now: float) -> Finding:
    low = next(o.step for o in evidence.rates if o.value < thresholds["rate"] * largest)
    severity: Severity = "severe" if now < thresholds["severe"] else "warning"
    facts = {"learning rate now": short(now * largest), "largest so far": short(largest)}
    room = evidence.critical_probe or evidence.critical
    further = ""
    if room is not None:
        facts["critical multiplier"] = interval(room)
        further = f", and your step could still be {short(room.value)}× longer"
    plan = f" of {evidence.planned:,} planned" if evidence.planned else ""
    name = f" ({evidence.schedule})" if evidence.schedule else ""
    calls = evidence.schedule_steps
    often = ""
    if calls is not None and evidence.planned and calls > evidence.planned / 2:
        often = " It was stepped once a batch; was it made for epochs?"
    new = float(f"{largest / 3:.2g}")
    return Finding(
        symptom="schedule",
        severity=severity,
        sentence=(
            f"The schedule{name} ended early: since step {low:,}{plan} the learning rate has been "
            f"below {share(thresholds['rate'])} of its largest (now {short(now * largest)})"
            f"{further}."
            f"{often}"
        ),
        evidence=facts,
        ruled_out=("a plateau of the loss: it is the step that has shrunk",),
        prescription=set_hyper(
            "lr",
            new,
            f"Stretch the schedule over the whole run, or hold lr {short(new)} and decay at the "
            "end; call the scheduler once for what its numbers count, steps or epochs.",
        ),
        falsified_by=f"a fork with lr {short(new)} that is no better",
    )


def _off(evidence: Evidence) -> Finding:
    return Finding(
        symptom="schedule",
        severity="severe",
        sentence="The learning rate is 0 and has been since the first step that is known.",
        evidence={"learning rate": "0"},
        ruled_out=(),
        prescription=set_hyper("lr", 1e-3, "Set it; 1e-3 is a usual start for Adam, 0.1 for SGD."),
        falsified_by="weights that move",
    )


def _warming(evidence: Evidence, largest: float) -> Finding | None:
    """The rate has risen all the time, for more than a quarter of the plan."""
    planned, rates = evidence.planned, evidence.rates
    if not planned or len(rates) < 3 or rates[0].value > 0.5 * largest:
        return None
    top = next(one.step for one in rates if one.value >= 0.99 * largest)
    rising = all(a.value <= b.value for a, b in pairwise(rates) if b.step <= top)
    if not rising or (top - rates[0].step) / planned <= thresholds["warmup"]:
        return None
    return Finding(
        symptom="schedule",
        severity="observation",
        sentence=(
            f"The warm-up takes {share((top - rates[0].step) / planned)} of the {planned:,} "
            "planned steps; a tenth is usually plenty."
        ),
        evidence={"steps of warm-up": f"{top - rates[0].step:,}"},
        prescription=None,
        falsified_by="a shorter warm-up that diverges",
    )


symptom = Symptom(
    name="schedule",
    number=20,
    title="the schedule ended early, or never began",
    looks_like="a plateau that begins with the decay",
    needs=("rates",),
    thresholds=thresholds,
    source=(
        "exact; warm-up of at most a tenth (Deep Learning Tuning Playbook; a quarter is left "
        "alone, since one-cycle schedules rise that long)"
    ),
    examine=examine,
    measures=(
        "The learning rate is below 1 % of its largest more than a tenth of the run before its "
        "end (a quarter of the steps so far where no end is known) while the step could be 10× "
        "longer; or it is 0 throughout."
    ),
    prescribes="Stretch the schedule, or hold a third of the largest rate; mend the step call.",
    falsified_by="A fork with a third of the largest rate that is no better.",
)
