"""`thalweg doctor`: what is wrong with a run, and what to change."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from thalweg import doctor as room
from thalweg import tasks
from thalweg import train as training
from thalweg.cli.train import tell
from thalweg.doctor.call import proved
from thalweg.doctor.past.opened import Opened, opened
from thalweg.doctor.past.post_mortem import post_mortem
from thalweg.doctor.verdict.diagnosis import Diagnosis, judge
from thalweg.train.record import FILE
from thalweg.web import doctor as drawing

STEPS = 100
"""Of each side of a fork."""


@dataclass(frozen=True)
class Complaint:
    """What was asked for on the command line, read but not yet judged."""

    patient: str | None
    task: str | None = None
    post_mortem: Path | None = None
    fork: bool = False
    steps: int = STEPS
    epochs: int | None = None
    rule: str = "adam"


def doctor(asked: Complaint, *, as_json: bool, out: Path | None, open_page: bool) -> None:
    """Examine, and say what is wrong.

    Raises:
        ValueError: bad input of any kind.
    """
    found, folder, title = _found(asked)
    if as_json:
        print(found.to_json(indent=1))
        return
    print(found)
    folder = out or folder
    folder.mkdir(parents=True, exist_ok=True)
    found.write(folder)
    tell(drawing.write(found, folder, title), open_page)


def _found(asked: Complaint) -> tuple[Diagnosis, Path, str]:
    """The diagnosis, where its page goes, and its title."""
    if asked.post_mortem is not None:
        if asked.patient is not None:
            raise ValueError("doctor: give a run or --post-mortem DIR, not both")
        if asked.fork:
            raise ValueError("doctor: --fork needs a run to go on with; leave --post-mortem out")
        place = asked.post_mortem
        # Not beside a check-up's report, which knows more.
        folder = (place if place.is_dir() else place.parent) / "post-mortem"
        return judge(post_mortem(place)), folder, f"Post-mortem of {place.name}"
    if asked.patient is None:
        raise ValueError(
            "doctor: give a run's folder, path/to/file.py:task, or --post-mortem DIR; "
            "`thalweg train` says where its run is"
        )
    folder = Path(asked.patient)
    if (folder / FILE).exists() or folder.is_dir():
        return _examined(opened(folder, asked.task), asked), folder, f"The doctor on {folder.name}"
    return _fresh(asked)


def _fresh(asked: Complaint) -> tuple[Diagnosis, Path, str]:
    """A task without a run: it is trained for a moment first."""
    assert asked.patient is not None
    task = tasks.find(asked.patient)
    name = asked.patient.rpartition(":")[2]
    folder = Path("runs") / f"{name}-{asked.rule}-doctor"
    epochs = asked.epochs or _enough(task)
    print(f"training {name} for {epochs} epochs first, in {folder}", file=sys.stderr)
    training.fit(task, rule=asked.rule, epochs=epochs, out=folder)
    return _examined(opened(folder, task), asked), folder, f"The doctor on {name}"


def _enough(task: tasks.Task) -> int:
    """Epochs after which a verdict may be given, and at least two hundred steps."""
    count = len(tasks.check(task).train)
    return max(-(-200 // -(-count // min(task.batch, count))), 1)


def _examined(run: Opened, asked: Complaint) -> Diagnosis:
    found = room.diagnose(
        run.model,
        run.optimizer,
        run.loss,
        run.data.train,
        validation=run.data.validation,
        history=run.history,
        batch=run.batch,
        clip_norm=run.clip_norm,
    )
    if not asked.fork:
        return found
    return proved(
        found,
        run.model,
        run.optimizer,
        run.loss,
        run.data.train,
        steps=asked.steps,
        batch=run.batch,
    )
