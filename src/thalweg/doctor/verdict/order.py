"""The order of decisions: what is said first, when several symptoms speak.

Exact facts come first, then what makes every other figure meaningless, then what is seen in the
layers themselves, then trials on copies, which fail for such reasons too, then speed. "Slow" (the
loss falls for sure) and "flat" are asked for different things. A finding that follows from the
first one, as a step that crawls because eps divides it, is no further finding: it is named as a
consequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from thalweg.doctor.evidence import Estimate, Evidence, Point
from thalweg.doctor.past.course import PROBES, STEPS, trend
from thalweg.doctor.symptom import Finding, Symptom, catalogue

FIRST = (
    "not-trained",
    "stale-gradients",
    "inputs",
    "diverging",
    "low-precision",
    "weight-decay",
    "schedule",
    "bouncing",
    "dead-units",
    "vanishing-gradients",
    "saturation",
    "exploding-gradients",
    "wiring",
    "eps-dominates",
)
SLOW = ("crawling", "update-ratio", "noise-limited", "saddle", "minimum")
FLAT = ("crawling", "noise-limited", "saddle", "update-ratio", "minimum")
LAST = ("train-eval-gap", "overfitting", "underfitting", "large-batch")

SLOWNESS = ("crawling", "update-ratio", "underfitting", "noise-limited", "minimum", "saddle")
FOLLOWS = {
    "not-trained": (*SLOWNESS, "wiring", "vanishing-gradients"),
    "stale-gradients": (*SLOWNESS, "bouncing", "diverging", "exploding-gradients"),
    "diverging": (
        *SLOWNESS,
        "bouncing",
        "wiring",
        "dead-units",
        "saturation",
        "vanishing-gradients",
        "exploding-gradients",
        "train-eval-gap",
        "weight-decay",
        "eps-dominates",
    ),
    "inputs": (
        *SLOWNESS,
        "wiring",
        "diverging",
        "bouncing",
        "saturation",
        "dead-units",
        "exploding-gradients",
    ),
    "wiring": (*SLOWNESS, "overfitting"),
    "low-precision": (*SLOWNESS, "not-trained"),
    "schedule": SLOWNESS,
    "eps-dominates": SLOWNESS,
    "weight-decay": (*SLOWNESS, "wiring", "vanishing-gradients", "dead-units"),
    "dead-units": (*SLOWNESS, "wiring", "vanishing-gradients", "exploding-gradients"),
    "saturation": (*SLOWNESS, "wiring", "vanishing-gradients", "exploding-gradients"),
    "vanishing-gradients": (*SLOWNESS, "wiring", "saturation"),
    "exploding-gradients": (*SLOWNESS, "bouncing", "wiring"),
    "crawling": SLOWNESS,
    "bouncing": (
        "crawling",
        "wiring",
        "dead-units",
        "saturation",
        "vanishing-gradients",
        "noise-limited",
        "minimum",
        "update-ratio",
        "exploding-gradients",
        "saddle",
    ),
    "train-eval-gap": ("overfitting", "noise-limited"),
}
"""What a fault brings with it."""


@dataclass(frozen=True)
class Findings:
    """All that the catalogue has to say.

    Attributes:
        found: the first one first; independent of each other.
        consequences: names of what follows from the first.
        observed: what is worth a word and no fault.
        silent: name to what would have to be measured for it to speak.
        asked: how many could speak.
    """

    found: tuple[Finding, ...] = ()
    consequences: tuple[str, ...] = ()
    observed: tuple[Finding, ...] = ()
    silent: dict[str, list[str]] = field(default_factory=dict)
    asked: int = 0


def decide(evidence: Evidence, symptoms: Sequence[Symptom] | None = None) -> Findings:
    """Ask every symptom, and put in order what they find.

    Args:
        evidence: of a run.
        symptoms: the catalogue, unless told.

    Returns:
        The findings. Before the fiftieth step only exact symptoms are asked.

    Example:
        >>> decide(Evidence(step=500, stale=1.5)).found[0].symptom
        'stale-gradients'
    """
    grown = enough_known(evidence)
    known = [one for one in (symptoms or catalogue()) if grown or one.exact]
    places = order(evidence)
    known.sort(key=lambda one: places.get(one.name, len(places)))
    silent = {one.name: lacking for one in known if (lacking := one.lacks(evidence))}
    spoken = [found for one in known if (found := one.judge(evidence)) is not None]
    faults = [one for one in spoken if one.severity != "observation"]
    follow = FOLLOWS.get(faults[0].symptom, ()) if faults else ()
    return Findings(
        found=tuple(one for one in faults if one.symptom not in follow or one is faults[0]),
        consequences=tuple(one.symptom for one in faults[1:] if one.symptom in follow),
        observed=tuple(one for one in spoken if one.severity == "observation"),
        silent=silent,
        asked=len(known) - len(silent),
    )


def order(evidence: Evidence) -> dict[str, int]:
    """Name to place, for a run whose loss falls or does not."""
    middle = SLOW if trend(evidence).course == "falling" else FLAT
    return {name: place for place, name in enumerate((*FIRST, *middle, *LAST))}


def enough_known(evidence: Evidence) -> bool:
    """At least 50 steps, or three probes where nobody counted the steps."""
    steps = steps_known(evidence)
    return steps >= STEPS or (steps == 0 and probes_known(evidence) >= PROBES)


def steps_known(evidence: Evidence) -> int:
    """How many steps the run has surely taken."""
    histories: tuple[list[Point], ...] = (evidence.losses, evidence.rates, evidence.probe_losses)
    last = [one[-1].step for one in histories if one]
    last += [one.step for one in evidence.evaluations[-1:]]
    return max([evidence.step, *last])


def probes_known(evidence: Evidence) -> int:
    """How many probes the best-known step measurement stands on."""
    known: tuple[Estimate | None, ...] = (
        evidence.ratio,
        evidence.critical,
        evidence.critical_probe,
        evidence.noise_scale,
    )
    return max((one.count for one in known if one is not None), default=0)
