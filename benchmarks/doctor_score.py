"""From kept evidence to precision and recall: what was said of each run, and was it right?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.doctor_cases import DOSES, Spec, harmed, settled
from thalweg.doctor import faults
from thalweg.doctor.verdict.diagnosis import judge
from thalweg.doctor.verdict.plain import from_plain, read_evidence

Z = 1.959964


@dataclass(frozen=True)
class Judged:
    """A run and what the doctor said of it.

    Attributes:
        spec: which run.
        expects: symptoms that name its fault rightly; empty for a healthy run.
        also: symptoms that the fault may bring with it.
        verdict: the first finding's symptom; "" for healthy, "not enough data" or no check-up.
        findings: all findings that are warnings or severe, consequences too.
        sentence: what was said.
        omitted: why it does not count; "" where it does.
    """

    spec: Spec
    expects: tuple[str, ...]
    also: tuple[str, ...]
    verdict: str
    findings: tuple[str, ...]
    sentence: str
    omitted: str = ""

    @property
    def hit(self) -> bool:
        """The verdict names the fault."""
        return self.verdict in self.expects

    @property
    def wrong(self) -> bool:
        """The verdict names something that is not there."""
        return bool(self.verdict) and self.verdict not in (*self.expects, *self.also)


@dataclass
class Count:
    """Hits of so many, with Wilson's 95 % interval."""

    hits: int = 0
    of: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, hit: bool, label: str = "") -> None:
        """One more."""
        self.hits, self.of = self.hits + hit, self.of + 1
        if not hit and label:
            self.missed.append(label)

    @property
    def share(self) -> float:
        """Of hits."""
        return self.hits / self.of if self.of else math.nan

    def interval(self) -> tuple[float, float]:
        """Wilson's."""
        n = self.of
        if not n:
            return 0.0, 1.0
        centre = (self.share + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z * math.sqrt(self.share * (1 - self.share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
        return max(0.0, centre - half), min(1.0, centre + half)

    def __str__(self) -> str:
        if not self.of:
            return ""
        low, high = self.interval()
        return f"{self.hits}/{self.of} = {self.share:.2f} ({low:.2f} to {high:.2f})"


def judged(kept: dict[str, Any], all_kept: dict[str, dict[str, Any]]) -> Judged:
    """Judge one run by its kept evidence.

    Args:
        kept: as `doctor_measure.measure` gives it.
        all_kept: key to the same, of all runs; a dose is compared with its twin in it.
    """
    spec = Spec(**kept["spec"])
    fault = faults.find(spec.kind) if spec.faulty else None
    verdict, findings, sentence = "", (), kept["error"]
    if kept["evidence"] is not None:
        found = judge(read_evidence(from_plain(kept["evidence"])))
        findings = tuple(
            dict.fromkeys((*(one.symptom for one in found.findings), *found.consequences))
        )
        verdict, sentence = (findings[0] if found.findings else ""), found.sentence
    return Judged(
        spec,
        fault.expects if fault else (),
        fault.also if fault else (),
        verdict,
        findings,
        sentence,
        _omitted(spec, kept, all_kept),
    )


def _omitted(spec: Spec, kept: dict[str, Any], all_kept: dict[str, dict[str, Any]]) -> str:
    if not spec.faulty:
        return "" if settled(from_plain(kept["course"])) else "overfits or does not learn by itself"
    twin = all_kept.get(spec.twin().key)
    if spec.kind not in DOSES:
        return ""
    if twin is None:
        return "its healthy twin was not trained"
    figures = [from_plain(one[name]) for name in ("final", "validation") for one in (kept, twin)]
    return "" if harmed(*map(float, figures)) else "does no harm"


@dataclass
class Scores:
    """Of some runs.

    Attributes:
        recall: faults that the verdict names.
        noticed: faults that some finding names.
        precision: verdicts that name what is there, of those that name something; a consequence of
            the fault counts as neither.
        strict: the same, a consequence counting as wrong.
        alarms: healthy runs of which a fault is said (hits are alarms).
        by_fault: recall of each fault.
        right: rule to verdicts of it that are right.
        caught: rule to faults meant for it alone or among others that it named.
    """

    recall: Count = field(default_factory=Count)
    noticed: Count = field(default_factory=Count)
    precision: Count = field(default_factory=Count)
    strict: Count = field(default_factory=Count)
    alarms: Count = field(default_factory=Count)
    by_fault: dict[str, Count] = field(default_factory=dict)
    right: dict[str, Count] = field(default_factory=dict)
    caught: dict[str, Count] = field(default_factory=dict)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)


def score(runs: Iterable[Judged]) -> Scores:
    """Count."""
    made = Scores()
    for one in runs:
        if one.omitted:
            continue
        label = f"{one.spec.key} -> {one.verdict or 'healthy'}"
        if one.spec.faulty:
            made.recall.add(one.hit, label)
            made.noticed.add(any(name in one.expects for name in one.findings))
            made.by_fault.setdefault(one.spec.kind, Count()).add(one.hit, label)
            for rule in one.expects[:1] if not one.hit else (one.verdict,):
                made.caught.setdefault(rule, Count()).add(one.hit, label)
        else:
            made.alarms.add(bool(one.verdict))
        if not one.verdict:
            if one.spec.faulty:
                made.confusions[one.spec.kind, "healthy"] += 1
            continue
        made.strict.add(one.hit)
        if one.hit or one.wrong:
            made.precision.add(one.hit, label)
            made.right.setdefault(one.verdict, Count()).add(one.hit, label)
        if not one.hit:
            made.confusions[one.spec.kind, one.verdict] += 1
    return made


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [list(head), ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
