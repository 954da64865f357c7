"""A symptom: what it measures, when it speaks, what it prescribes, what would prove it wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from thalweg.doctor.evidence import Evidence

Severity = Literal["severe", "warning", "observation"]


@dataclass(frozen=True)
class Prescription:
    """A change, in numbers.

    Attributes:
        words: what to do, a sentence: "Raise the learning rate tenfold, to 3e-3."
        code: the change as code to paste; "" where it isn't code.
        hypers: the optimizer's numbers to try in a fork, absolute values; empty where the change
            can't be tried by them (a wiring fault, more data).
    """

    words: str
    code: str = ""
    hypers: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Finding:
    """What a symptom found in a run's evidence.

    Attributes:
        symptom: its name, such as "crawling".
        severity: by effect size, not by p-value.
        sentence: what is wrong, with its numbers and their units, and in what interval.
        evidence: figure to its text, what the sentence stands on.
        ruled_out: what else it could have been, and why it is not.
        prescription: what to change; None where nothing should be.
        falsified_by: what would prove it wrong.
    """

    symptom: str
    severity: Severity
    sentence: str
    evidence: Mapping[str, str]
    ruled_out: tuple[str, ...] = ()
    prescription: Prescription | None = None
    falsified_by: str = ""


@dataclass(frozen=True)
class Symptom:
    """One pathology, one file.

    Attributes:
        name: a word or two, with hyphens, as the file's name has underscores.
        number: its row in the catalogue.
        title: what it is, a few words.
        looks_like: what the user sees.
        needs: names of the `Evidence` fields without which it can't speak.
        thresholds: name to value; `source` says where they come from.
        source: of the thresholds.
        examine: from evidence to a finding, or None where the run does not have it; `judge` asks
            it, after a look at what is measured.
        measures: the quantity and the rule, a sentence for the catalogue.
        prescribes: the change in general, a sentence for the catalogue.
        falsified_by: what would prove such a finding wrong, a sentence for the catalogue.
        observable: at the edge of stability, in warm-up and the like this is how a healthy run
            looks, so there it is only observed.
        exact: a fact, not an estimate: it may be said before the fiftieth step.

    `needs` may name alternatives, as in "critical_probe|ratio": one of them must be measured.
    """

    name: str
    number: int
    title: str
    looks_like: str
    needs: tuple[str, ...]
    thresholds: Mapping[str, float]
    source: str
    examine: Callable[[Evidence], Finding | None]
    measures: str = ""
    prescribes: str = ""
    falsified_by: str = ""
    observable: bool = False
    exact: bool = False

    def lacks(self, evidence: Evidence) -> list[str]:
        """What of its needs is not measured.

        Args:
            evidence: of a run.

        Returns:
            Names of fields, alternatives joined by "|"; empty where it can speak.
        """
        return [
            need
            for need in self.needs
            if not any(measured(evidence, name) for name in need.split("|"))
        ]

    def judge(self, evidence: Evidence) -> Finding | None:
        """Ask the symptom, under the rules against false alarms.

        Args:
            evidence: of a run.

        Returns:
            Its finding, only an observation where the run has a reason to look so; None where the
            run does not have it, or where too little is measured.
        """
        if self.lacks(evidence):
            return None
        found = self.examine(evidence)
        if found is not None and self.observable and evidence.observed:
            return replace(found, severity="observation")
        return found


def measured(evidence: Evidence, name: str) -> bool:
    """Whether a figure is known.

    >>> measured(Evidence(), "losses"), measured(Evidence(uphill=0.0), "uphill")
    (False, True)
    """
    value = getattr(evidence, name)
    return value is not None and value not in ([], "")
