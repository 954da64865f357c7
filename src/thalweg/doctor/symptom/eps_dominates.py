"""eps dominates: Adam divides by eps instead of the gradient's size, and crawls like tiny SGD.

The other end of the same quotient: a stale v, much smaller than the gradients that now come, makes
steps too long. It comes before spikes (Wortsman et al. 2023), and is only observed.
"""

from __future__ import annotations

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import left, number
from thalweg.doctor.symptom.symptom import Finding, Prescription, Symptom
from thalweg.doctor.verdict.remedy import set_hyper
from thalweg.doctor.verdict.wording import short, times

thresholds = {"divisor": 10.0, "severe": 1.0, "surprise": 2.3, "solved": 1e-3, "usual": 1e4}


def examine(evidence: Evidence) -> Finding | None:
    """The median coordinate's gradient is not ten times eps; or v is far behind the gradient."""
    divisor = evidence.divisor
    if divisor is not None and divisor < thresholds["divisor"] and not _solved(evidence):
        return _swallowed(evidence, divisor)
    surprise = evidence.surprise
    if surprise is not None and surprise > thresholds["surprise"]:
        return _stale(evidence, surprise)
    return None


def _solved(evidence: Evidence) -> bool:
    """At a loss near 0 gradients may well be as small as eps."""
    rest = left(evidence)
    return rest is not None and rest < thresholds["solved"]


def _swallowed(evidence: Evidence, divisor: float) -> Finding:
    eps = number(evidence, "eps")
    lower = float(f"{eps / thresholds['usual']:.1g}") if eps else 1e-8
    what = f"eps {short(eps)}" if eps else "eps"
    below = f"{times(divisor)} {what}" if divisor < 1 else f"only {times(divisor)} {what}"
    return Finding(
        symptom="eps-dominates",
        severity="severe" if divisor < thresholds["severe"] else "warning",
        sentence=(
            f"{what} decides your step, not the gradient: the running size of a typical "
            f"coordinate's gradient is {below}, and {evidence.rule or 'the rule'} then behaves "
            "like SGD with a tiny learning rate."
        ),
        evidence={"gradient size over eps, median": short(divisor), "eps": what},
        ruled_out=("a loss that is all but 0, where gradients are as small as eps",),
        prescription=set_hyper("eps", lower, f"Take eps {short(lower)}, or scale the loss up."),
        falsified_by=f"a fork with eps {short(lower)} that steps no farther",
    )


def _stale(evidence: Evidence, surprise: float) -> Finding:
    beta2 = evidence.hypers.get("beta2")
    change: Prescription = set_hyper(
        "beta2", 0.95, "If spikes come, take beta2 0.95 to 0.98, which follows faster."
    )
    return Finding(
        symptom="eps-dominates",
        severity="observation",
        sentence=(
            f"The gradient outran its running average: a recent step's was {times(surprise)} what "
            f"v expected (above {thresholds['surprise']} spikes may follow)."
        ),
        evidence={"gradient over what v expected": short(surprise), "beta2": str(beta2)},
        prescription=change,
        falsified_by="spikes that come as often with the lower beta2",
    )


symptom = Symptom(
    name="eps-dominates",
    number=19,
    title="eps dominates, or v is stale",
    looks_like="Adam that behaves like SGD with a tiny learning rate, or spikes",
    needs=("divisor|surprise",),
    thresholds=thresholds,
    source=(
        "gradients that shrink to eps, and the ratio 2.3 before spikes: Wortsman et al. 2023, "
        "arXiv:2309.14322; the factor 10 is calibrated"
    ),
    examine=examine,
    measures=(
        "The median of the gradient's running size over eps is below 10 (below 1 is severe) though "
        "the loss is not near 0; a gradient 2.3 times what v expected is only observed."
    ),
    prescribes="A ten-thousandth of eps, or a scaled loss; beta2 0.95 to 0.98.",
    falsified_by="A fork with the smaller eps that steps no farther.",
)
