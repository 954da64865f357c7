"""What the doctor says of those in a race whose final runs look ill.

A race keeps curves, not records: the medians over the final seeds are read as one run.
"""

from __future__ import annotations

from thalweg.doctor.verdict.aside import aside
from thalweg.race.result import Curve, Entrant, Result
from thalweg.train.record import Epoch, Record, Status


def remarks(result: Result) -> list[tuple[str, str]]:
    """The doctor's sentence for each method with whose final runs something is wrong.

    Args:
        result: of the race.

    Returns:
        Label and sentence; nothing for those that look well, and before the final.
    """
    said = [(entrant.label, aside(record(result, entrant))) for entrant in result.entrants]
    return [(label, sentence) for label, sentence in said if sentence]


def record(result: Result, entrant: Entrant) -> Record:
    """An entrant's final runs as one: diverged if half of them did."""
    train, validation = (_curve(entrant, part) for part in ("train", "validation"))
    history = [
        Epoch(int(epoch), int(step), int(seen), seconds, _loss(train, i), _loss(validation, i))
        for i, (epoch, step, seen, seconds) in enumerate(_positions(train))
    ]
    lost = sum(final.status == "diverged" for final in entrant.finals)
    status: Status = "diverged" if 2 * lost > len(entrant.finals) else "finished"
    return Record(
        result.task,
        entrant.rule,
        label=entrant.label,
        hypers=dict(entrant.settings),
        batch=entrant.batch,
        epochs=result.epochs,
        history=history,
        status=status,
    )


def _curve(entrant: Entrant, part: str) -> Curve | None:
    found = (one for one in entrant.curves if (one.part, one.name) == (part, "loss"))
    return next(found, None)


def _positions(curve: Curve | None) -> list[tuple[float, float, float, float]]:
    if curve is None:
        return []
    columns = (curve.epochs, curve.steps, curve.gradient_evaluations, curve.seconds)
    return list(zip(*columns, strict=True))


def _loss(curve: Curve | None, place: int) -> dict[str, float]:
    value = curve.middle[place] if curve is not None and place < len(curve.middle) else None
    return {"loss": float("nan") if value is None else value}
