"""Measure the worked example of docs/doctor.md again: the run, the sentences, forks and curves.

A run is trained, looked at, and trained from the start with what was prescribed, until nothing is.

python scripts/doctor_example.py            rewrites the example in docs/doctor.md and its picture
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from thalweg.doctor.call import proved
from thalweg.doctor.examine import examine
from thalweg.doctor.past.opened import opened
from thalweg.doctor.verdict.diagnosis import Diagnosis, judge
from thalweg.train import fit
from thalweg.train.record import Record
from thalweg.web.colour import CYCLE

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "doctor.md"
PICTURE = ROOT / "docs" / "pictures" / "doctor-example.svg"
BEGIN, END = "<!-- example, written by scripts/doctor_example.py -->", "<!-- end of example -->"
TASK, RULE, LR, EPOCHS, MOST = "digits", "adam", 1e-5, 30, 4
WIDTH, HEIGHT, LEFT, EDGE, RIGHT = 720, 320, 44, 36, 96
GREY = "#808080"

Visit = tuple[Record, Diagnosis]


def main() -> None:
    """Train and diagnose in turn, and write what came out."""
    visits: list[Visit] = []
    rate: float | None = LR
    while rate is not None and len(visits) < MOST:
        visits.append(visit(rate))
        rate = prescribed(visits[-1][1])
    PICTURE.write_text(draw([record for record, _ in visits]), "utf-8")
    text = PAGE.read_text("utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n\n{words(visits)}\n{END}{tail}", "utf-8")


def visit(rate: float) -> Visit:
    """A run, and what the doctor says of it, with its proof by fork."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        record = fit(TASK, rule=RULE, hypers={"lr": rate}, epochs=EPOCHS, out=place)
        run = opened(place)
        evidence = examine(
            run.model,
            run.optimizer,
            run.loss,
            run.data.train,
            validation=run.data.validation,
            history=run.history,
            batch=run.batch,
        )
        told = proved(
            judge(evidence),
            run.model,
            run.optimizer,
            run.loss,
            run.data.train,
            batch=run.batch,
            steps=200,
        )
    return record, told


def prescribed(told: Diagnosis) -> float | None:
    """The learning rate to go on with, or None where it should stay."""
    finding = told.finding
    change = finding.prescription if finding is not None else None
    return change.hypers.get("lr") if change is not None else None


def words(visits: list[Visit]) -> str:
    """The example as Markdown."""
    (record, told), *rest = visits
    first, late, last = (record.history[i].train["loss"] for i in (0, -6, -1))
    lines = [
        "```sh",
        f"thalweg train {TASK} --rule {RULE} --set lr={LR:g} --epochs {EPOCHS} --out runs/flat",
        "thalweg doctor runs/flat --fork --steps 200",
        "```",
        "",
        f"After {record.history[-1].step:,} steps the training loss has gone from {first:.3f} to "
        f"{last:.3f},",
        f"and by {late - last:.3f} over the last five epochs: on a screen, a flat line. "
        "The doctor says:",
        "",
        f"> {told.sentence}",
        "",
    ]
    for record, told in rest:
        end = record.history[-1]
        lines += [
            f"The same {EPOCHS} epochs from the start with lr {record.hypers['lr']:g} end at a "
            f"training loss of {end.train['loss']:.3f},",
            f"and at {100 * end.validation['accuracy']:.1f} % accuracy on validation. Of that run "
            "it says:",
            "",
            f"> {told.sentence}",
            "",
        ]
    lines += ["![training loss by epoch, of each run](pictures/doctor-example.svg)", ""]
    return "\n".join(lines)


def draw(records: list[Record]) -> str:
    """The training losses over the epochs, as SVG, each named where it ends."""
    top = 1.05 * max(line.train["loss"] for record in records for line in record.history)
    low, wide = HEIGHT - EDGE, (WIDTH - LEFT - RIGHT) / EPOCHS

    def level(loss: float) -> float:
        return low - (low - EDGE) * loss / top

    curves, free = "", -100.0
    inks = [GREY, *(ink.light for ink in CYCLE)]
    # From the top down, so that a name that has no room moves below the one above it.
    ranked = sorted(zip(records, inks, strict=False), key=lambda one: -_end(one[0]))
    for record, ink in ranked:
        points = " ".join(
            f"{LEFT + wide * line.epoch:.1f},{level(line.train['loss']):.1f}"
            for line in record.history
        )
        free = max(level(_end(record)) + 4, free + 16)
        curves += (
            f'<polyline fill="none" stroke="{ink}" stroke-width="2.5" points="{points}"/>'
            f'<text x="{WIDTH - RIGHT + 8}" y="{free:.1f}" fill="{ink}">'
            f"lr {record.hypers['lr']:g}</text>"
        )
    marks = "".join(
        f'<text x="{LEFT - 8}" y="{level(one) + 4:.1f}" text-anchor="end" fill="{GREY}">{one}'
        "</text>"
        for one in (0, 1, 2)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img" '
        'aria-label="training loss by epoch, of each run">'
        f'<path d="M{LEFT} {EDGE} V{low} H{WIDTH - RIGHT}" fill="none" stroke="{GREY}"/>{marks}'
        f'<text x="{WIDTH - RIGHT}" y="{low + 24}" text-anchor="end" fill="{GREY}">epoch {EPOCHS}'
        f'</text><text x="{LEFT}" y="{low + 24}" fill="{GREY}">epoch 0</text>'
        f'<text x="{LEFT + 6}" y="{EDGE - 10}" fill="{GREY}">training loss</text>{curves}</svg>\n'
    )


def _end(record: Record) -> float:
    return record.history[-1].train["loss"]


if __name__ == "__main__":
    main()
