"""Measure the worked example of docs/doctor.md again: the run, the sentence, the fork, the curves.

python scripts/doctor_example.py            rewrites the example in docs/doctor.md and its picture
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from thalweg.doctor.call import proved
from thalweg.doctor.diagnosis import Diagnosis, judge
from thalweg.doctor.examine import examine
from thalweg.doctor.opened import opened
from thalweg.train import fit
from thalweg.train.record import Record

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "doctor.md"
PICTURE = ROOT / "docs" / "pictures" / "doctor-example.svg"
BEGIN, END = "<!-- example, written by scripts/doctor_example.py -->", "<!-- end of example -->"
TASK, RULE, LR, EPOCHS = "digits", "adam", 1e-5, 30
WIDTH, HEIGHT, EDGE = 720, 300, 44


def main() -> None:
    """Train, diagnose, train with the change, and write what came out."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        before = fit(TASK, rule=RULE, hypers={"lr": LR}, epochs=EPOCHS, out=place)
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
        told = judge(evidence)
        forked = proved(
            told, run.model, run.optimizer, run.loss, run.data.train, batch=run.batch, steps=200
        )
    finding = told.finding
    if finding is None or finding.prescription is None:
        raise SystemExit(f"the example is not ill: {told.sentence}")
    rate = finding.prescription.hypers["lr"]
    after = fit(TASK, rule=RULE, hypers={"lr": rate}, epochs=EPOCHS)
    PICTURE.write_text(draw(before, after), "utf-8")
    text = PAGE.read_text("utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n\n{words(before, after, forked)}\n{END}{tail}", "utf-8")


def words(before: Record, after: Record, told: Diagnosis) -> str:
    """The example as Markdown."""
    first, last, better = (one.history[i] for one, i in ((before, 0), (before, -1), (after, -1)))
    finding = told.finding
    assert finding is not None
    assert finding.prescription is not None
    late = before.history[-6].train["loss"] - last.train["loss"]
    rate = finding.prescription.hypers["lr"]
    reached, had = (100 * one.validation["accuracy"] for one in (better, last))
    return "\n".join(
        [
            "```sh",
            f"thalweg train {TASK} --rule {RULE} --set lr={LR:g} --epochs {EPOCHS} --out runs/flat",
            "thalweg doctor runs/flat --fork --steps 200",
            "```",
            "",
            f"After {last.step:,} steps the training loss has gone from "
            f"{first.train['loss']:.3f} to {last.train['loss']:.3f},",
            f"and by {late:.3f} over the last five epochs: on a screen, a flat line. "
            "The doctor says:",
            "",
            f"> {told.sentence}",
            "",
            f"The same {EPOCHS} epochs from the start with lr {rate:g} end at a training loss of "
            f"{better.train['loss']:.3f},",
            f"and at {reached:.1f} % accuracy on validation, where the run above had {had:.1f} %.",
            "",
            "![training loss by epoch, before and after](pictures/doctor-example.svg)",
            "",
        ]
    )


def draw(before: Record, after: Record) -> str:
    """Both training losses over the epochs, as SVG."""
    top = max(line.train["loss"] for line in [*before.history, *after.history]) * 1.05

    def path(record: Record) -> str:
        wide = (WIDTH - 2 * EDGE) / max(len(record.history) - 1, 1)
        return " ".join(
            f"{EDGE + wide * line.epoch:.1f},"
            f"{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * line.train['loss'] / top:.1f}"
            for line in record.history
        )

    curves = "".join(
        f'<polyline fill="none" stroke="{ink}" stroke-width="2.5" points="{path(record)}"/>'
        f'<text x="{WIDTH - EDGE}" y="{y}" text-anchor="end" fill="{ink}">{name}</text>'
        for record, ink, name, y in (
            (before, "#808080", f"lr {before.hypers['lr']:g}: as it was", EDGE - 8),
            (after, "#009E73", f"lr {after.hypers['lr']:g}: as the doctor said", EDGE + 14),
        )
    )
    low, right = HEIGHT - EDGE, WIDTH - EDGE
    marks = "".join(
        f'<text x="{EDGE - 8}" y="{low - (low - EDGE) * one / top + 4:.1f}" text-anchor="end" '
        f'fill="#808080">{one:g}</text>'
        for one in (0, 1, 2)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img" '
        'aria-label="training loss by epoch, before and after">'
        f'<path d="M{EDGE} {EDGE} V{low} H{right}" fill="none" stroke="#808080"/>{marks}'
        f'<text x="{right}" y="{low + 26}" text-anchor="end" fill="#808080">epoch '
        f"{len(before.history) - 1}</text>"
        f'<text x="{EDGE}" y="{low + 26}" fill="#808080">epoch 0</text>'
        f'<text x="{EDGE + 6}" y="{EDGE - 8}" fill="#808080">training loss</text>{curves}</svg>\n'
    )


if __name__ == "__main__":
    main()
