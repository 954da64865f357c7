"""A diagnosis as a page of plain text, the sentence first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thalweg.doctor.verdict.wording import some

if TYPE_CHECKING:
    from thalweg.doctor.verdict.diagnosis import Diagnosis


def lines(diagnosis: Diagnosis) -> list[str]:
    """A diagnosis as lines of plain text, the sentence first."""
    said = [diagnosis.sentence]
    found = diagnosis.finding
    if found is not None:
        said += ["", "Evidence"]
        said += [f"  {name}: {value}" for name, value in found.evidence.items()]
        if found.ruled_out:
            said += ["", "Ruled out", *(f"  {one}" for one in found.ruled_out)]
        if found.falsified_by:
            said += ["", f"It would be proved wrong by {found.falsified_by}."]
        if diagnosis.code:
            said += [
                "",
                "The change, to paste",
                *(f"  {one}" for one in diagnosis.code.split("\n")),
            ]
    if diagnosis.consequences:
        said += ["", f"It also explains: {', '.join(diagnosis.consequences)}."]
    for title, others in (
        ("Further findings", diagnosis.findings[1:]),
        ("Observed, no fault", diagnosis.observed),
    ):
        if others:
            said += ["", title, *(f"  {one.symptom}: {one.sentence}" for one in others)]
    return [*said, *_unasked(diagnosis)]


def _unasked(diagnosis: Diagnosis) -> list[str]:
    said: list[str] = []
    if diagnosis.silent:
        said.append("")
        said.append(f"Could not be asked: {some(list(diagnosis.silent), most=30)}.")
    said += [f"Note: {note}." for note in diagnosis.evidence.notes]
    phases = ", ".join(diagnosis.evidence.observed)
    if phases:
        said.append(f"Phase: {phases}; what concerns speed is only observed then.")
    return said
