"""A task that misbehaves when told to, and how an executor is asked to do jobs of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from thalweg.race.executors import Executor, Work
from thalweg.race.job import Job
from thalweg.race.work import Outcome
from thalweg.schedules import ramp
from thalweg.train import Record

# A task that does once what the file `order` beside it says, in whichever process takes it first.
TASK = """
import os, signal, time
from pathlib import Path

import numba, torch
from torch import nn
from thalweg.tasks.task import Data, Part, Task

HERE = Path(__file__).parent

def load():
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(120, 2, generator=generator)
    side = (points[:, 0] > 0).long()
    return Data(*(Part(points[i : i + 40], side[i : i + 40]) for i in (0, 40, 80)))

def make_model():
    taken = HERE / f"taken-{os.getpid()}"
    try:
        (HERE / "order").rename(taken)
    except FileNotFoundError:
        return nn.Linear(2, 2)
    exec(taken.read_text())
    return nn.Linear(2, 2)

def threads(output, targets):
    return torch.tensor(100.0 * torch.get_num_threads() + numba.config.NUMBA_NUM_THREADS)

TASK = Task("odd", "", make_model, load, epochs=3, batch=8)
THREADS = Task("threads", "", make_model, load, metrics={"threads": threads}, epochs=1)
"""


def job(seed: int = 0, **changes) -> Job:
    return replace(Job("task", "sgd", "code", {"lr": 0.1}, 8, 3, seed=seed), **changes)


VARIED = [
    job(1),
    job(2, rule="adam", hypers={"lr": 0.01}),
    job(3, hypers={"lr": 0.1, "momentum": ramp(0.5, 0.9, epochs=2).to_dict()}),
    job(4, batch=None, test=True),
    job(5, hypers={"lr": 3e38, "momentum": 0.99}, epochs=20),
]


class Orders:
    """Where the task lies, and what it shall do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "my.py"
        self.file.write_text(TASK)
        self.name = f"{self.file}:TASK"

    def __call__(self, what: str) -> None:
        self.forget()
        draft = self.folder / "draft"
        draft.write_text(what)
        draft.rename(self.folder / "order")

    def taken(self) -> list[int]:
        """The processes that have taken it."""
        return [int(file.name.split("-")[1]) for file in self.folder.glob("taken-*")]

    def forget(self) -> None:
        for file in (*self.folder.glob("order"), *self.folder.glob("taken-*")):
            file.unlink()


def ask(executor: Executor, jobs: list[Job]) -> list[Outcome]:
    """What comes of each job, in order."""
    works = [Work((one,)) for one in jobs]
    for work in works:
        executor.submit(work)
    found: dict[str, Outcome] = {}
    while len(found) < len(works):
        found |= {work.jobs[0].id: outcome for work, outcome in executor.wait(60)}
    assert executor.wait(0) == []
    return [found[one.id] for one in jobs]


def timeless(record: Record) -> str:
    """As text, because a NaN differs from itself."""
    return replace(record, history=[replace(one, seconds=0.0) for one in record.history]).to_json()
