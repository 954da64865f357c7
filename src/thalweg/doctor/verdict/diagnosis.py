"""The diagnosis: first the sentence, then what it stands on, then the change as code to paste."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import PROBES, STEPS, trend
from thalweg.doctor.symptom import Finding
from thalweg.doctor.verdict import report
from thalweg.doctor.verdict.order import decide, enough_known, probes_known, steps_known
from thalweg.doctor.verdict.plain import from_plain, read_evidence, read_finding, to_plain
from thalweg.doctor.verdict.wording import count, share, times
from thalweg.train.atomic import replace

FORMAT = 1
FILE = "diagnosis.json"

Verdict = Literal["fault", "healthy", "not enough data"]


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor says of a run.

    Attributes:
        verdict: "fault", "healthy" or "not enough data".
        sentence: the verdict with its numbers, and what to change.
        findings: the first is the verdict; the others are independent of it.
        consequences: names of symptoms that follow from the first finding.
        observed: what is worth a word and no fault.
        silent: symptom to what would have to be measured for it to speak.
        asked: how many symptoms could speak.
        evidence: all that was measured.
        fork: what the fork test says, a sentence; "" where none was made.
        outcome: of the fork: "confirmed", "withdrawn", "open", or "".

    Example:
        >>> found = judge(Evidence(step=500, stale=1.5))
        >>> found.verdict, found.findings[0].symptom
        ('fault', 'stale-gradients')
        >>> Diagnosis.from_json(found.to_json()) == found
        True
    """

    verdict: Verdict
    sentence: str
    findings: tuple[Finding, ...] = ()
    consequences: tuple[str, ...] = ()
    observed: tuple[Finding, ...] = ()
    silent: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    asked: int = 0
    evidence: Evidence = field(default_factory=Evidence)
    fork: str = ""
    outcome: str = ""

    @property
    def finding(self) -> Finding | None:
        """The verdict's finding; None where nothing is wrong or too little is known."""
        return self.findings[0] if self.findings else None

    @property
    def code(self) -> str:
        """The change as code to paste; "" where there is none, or the fork has withdrawn it."""
        found = self.finding
        if found is None or found.prescription is None or self.outcome == "withdrawn":
            return ""
        return found.prescription.code

    def __str__(self) -> str:
        """The diagnosis as a page of plain text."""
        return "\n".join(report.lines(self))

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as nested dicts, lists and numbers; `from_dict` takes it back."""
        return {"format": FORMAT, **dataclasses.asdict(self)}

    @classmethod
    def from_dict(cls, plain: object, *, source: str = "diagnosis") -> Diagnosis:
        """Make a diagnosis of what `to_dict` gave.

        Args:
            plain: nested dicts, lists and numbers.
            source: where it comes from, for the error line.

        Returns:
            The diagnosis.

        Raises:
            ValueError: another format, or not a diagnosis.
        """
        if not isinstance(plain, dict) or type(plain.get("format")) is not int:
            raise ValueError(f"{source}: is not a diagnosis; `thalweg doctor --json` makes one")
        if plain["format"] != FORMAT:
            raise ValueError(
                f"{source}: format {plain['format']}, this thalweg reads {FORMAT}; "
                "upgrade with `pip install -U thalweg`"
            )
        try:
            rest = {name: value for name, value in plain.items() if name != "format"}
            rest["findings"] = tuple(read_finding(one) for one in rest.get("findings", ()))
            rest["observed"] = tuple(read_finding(one) for one in rest.get("observed", ()))
            rest["consequences"] = tuple(rest.get("consequences", ()))
            rest["evidence"] = read_evidence(rest.get("evidence", {}))
            return cls(**rest)
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{source}: damaged ({error}); ask the doctor again") from error

    def to_json(self, *, indent: int | None = None) -> str:
        """The diagnosis as JSON; infinities and NaN as the strings "inf", "-inf" and "nan"."""
        return json.dumps(to_plain(self.to_dict()), indent=indent, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes, *, source: str = "diagnosis") -> Diagnosis:
        """Make a diagnosis of what `to_json` gave.

        Raises:
            ValueError: not JSON, another format, or not a diagnosis.
        """
        try:
            return cls.from_dict(from_plain(json.loads(text)), source=source)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"{source}: damaged ({error}); ask the doctor again") from error

    def write(self, folder: str | Path) -> Path:
        """Write `diagnosis.json` into a folder, whole or not at all.

        Raises:
            ValueError: it can't be written.
        """
        path, text = Path(folder) / FILE, self.to_json(indent=1).encode() + b"\n"
        replace(path, lambda file: file.write(text))
        return path


def judge(evidence: Evidence) -> Diagnosis:
    """From evidence to a diagnosis.

    Args:
        evidence: of a run, at any level.

    Returns:
        The diagnosis.

    Example:
        >>> judge(Evidence(step=20)).verdict
        'not enough data'
    """
    decided = decide(evidence)
    verdict: Verdict = "fault" if decided.found else "healthy"
    known = enough_known(evidence) and decided.asked > 0 and not _blind(evidence)
    if not decided.found and not known:
        verdict = "not enough data"
    made = Diagnosis(
        verdict=verdict,
        sentence="",
        findings=decided.found,
        consequences=decided.consequences,
        observed=decided.observed,
        silent=decided.silent,
        asked=decided.asked,
        evidence=evidence,
    )
    return dataclasses.replace(made, sentence=_sentence(made))


def forked(diagnosis: Diagnosis, sentence: str, outcome: str) -> Diagnosis:
    """The diagnosis with what a fork says of its prescription.

    Args:
        diagnosis: with a finding.
        sentence: of the fork.
        outcome: "confirmed", "withdrawn" or "open".
    """
    made = dataclasses.replace(diagnosis, fork=sentence, outcome=outcome)
    return dataclasses.replace(made, sentence=_sentence(made))


def _sentence(made: Diagnosis) -> str:
    found = made.finding
    if found is None:
        return _unsuspicious(made)
    step = steps_known(made.evidence)
    said = f"At step {step:,}: {found.sentence}" if step else found.sentence
    if made.outcome == "withdrawn":
        return f"{said} The change that this asks for did not help and is withdrawn. {made.fork}"
    if found.prescription is not None:
        said += f" {found.prescription.words}"
    return f"{said} {made.fork}".rstrip()


def _blind(evidence: Evidence) -> str:
    """Why silence means nothing here; empty where it does."""
    if evidence.level == "post-mortem" and trend(evidence).course == "unknown":
        points = max(len(evidence.losses), len(evidence.evaluations))
        return f"{count(points, 'figure')} of the loss are too few to tell how the run goes"
    measured = (evidence.ratio, evidence.critical, evidence.uphill, evidence.non_finite or None)
    if evidence.level == "checkup" and evidence.step and measured == (None,) * 4:
        return "no trial step could be measured" + "".join(f"; {one}" for one in evidence.notes[:1])
    return ""


def _unsuspicious(made: Diagnosis) -> str:
    evidence = made.evidence
    steps = steps_known(evidence)
    if made.verdict == "not enough data" and enough_known(evidence) and _blind(evidence):
        return (
            f"Not enough data: {_blind(evidence)}. Nothing is wrong as far as could be asked; "
            "train on, or ask for a check-up with the model at hand."
        )
    if made.verdict == "not enough data":
        return (
            f"Not enough data: {count(steps, 'step')} and {count(probes_known(evidence), 'probe')} "
            f"are known, and a verdict needs {STEPS} steps and {PROBES} probes. Train on, or ask "
            "for a check-up with the model at hand."
        )
    way = trend(evidence)
    course = {
        "falling": f"the loss falls (by {share(-way.change)} over the last fifth of the steps)",
        "flat": "the loss is flat",
        "rising": "the loss rises a little",
        "unknown": "the course of the loss is not known",
    }[way.course]
    room = evidence.critical_probe or evidence.critical
    if room is not None:
        course += f", and it would rise at {times(room.value)} your step"
    healthy = "Healthy"
    if evidence.level == "post-mortem":
        healthy = "Nothing found, as far as logs and checkpoints tell"
    said = (
        f"{healthy}: {course}. None of {count(made.asked, 'symptom')} that could be asked speaks."
    )
    return f"{said} {made.observed[0].sentence}" if made.observed else said
