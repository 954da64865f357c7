"""What a race costs beside the training itself: its runs against a bare loop, in turn.

    python benchmarks/race_overhead.py

The bare loop makes the same models, takes the same steps on the same batches with the same
optimizer, and evaluates at the same places; nothing is kept. The race runs its jobs in this
process, one by one, with its ledger on disk. Writes benchmarks/results/race_overhead.md.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import torch

import thalweg
from thalweg import tasks
from thalweg.race.database import FILE
from thalweg.race.executors import Inline
from thalweg.race.job import Job
from thalweg.race.ledger import Ledger
from thalweg.race.reference import Reference
from thalweg.race.running import Runner
from thalweg.train import Seeds
from thalweg.train.evaluate import evaluate

RESULT = Path(__file__).parent / "results" / "race_overhead.md"
EPOCHS, RUNS, ROUNDS = 30, 4, 15


def bare(task: tasks.Task, data: tasks.Data, seed: int) -> None:
    """One run as anybody would write it."""
    seeds = Seeds.of(seed)
    seeds.seed_init()
    model = task.make_model()
    optimizer = thalweg.Adam(model.parameters(), lr=1e-3)
    train = data.train

    def look() -> None:
        evaluate(model, task, train)
        evaluate(model, task, data.validation)

    look()
    for epoch in range(EPOCHS):
        for index in seeds.shuffled(len(train), epoch=epoch + 1).split(task.batch):
            optimizer.zero_grad()
            loss = task.loss(model(train.inputs[index]), train.targets[index])
            if not loss.isfinite():
                return
            loss.backward()
            optimizer.step()
        look()


def raced(reference: Reference, jobs: list[Job]) -> None:
    """The same runs through the ledger."""
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / FILE) as ledger:
        Runner(ledger, Inline(reference), lambda *said: None).finish([jobs])


def main() -> None:
    torch.set_num_threads(1)
    ratios: dict[str, list[float]] = {}
    for name in ("digits", "digits-cnn"):
        task = tasks.find(name)
        data, reference = task.load(), Reference.of(name)
        count = RUNS if name == "digits" else 1
        jobs = [Job("", "adam", "", {}, task.batch, EPOCHS, seed) for seed in range(count)]
        raced(reference, jobs[:1])
        bare(task, data, 0)
        found = ratios.setdefault(name, [])
        for number in range(ROUNDS):
            seconds = {}
            for kind in ("race", "bare") if number % 2 else ("bare", "race"):
                begun = perf_counter()
                if kind == "race":
                    raced(reference, jobs)
                else:
                    for job in jobs:
                        bare(task, data, job.seed)
                seconds[kind] = perf_counter() - begun
            found.append(seconds["race"] / seconds["bare"])
            print(name, f"{found[-1]:.3f}", flush=True)
    lines = []
    for name, found in ratios.items():
        low, _, high = quantiles(found, n=4)
        lines.append(f"| {name} | {median(found):.3f} | {low:.3f} to {high:.3f} |")
    RESULT.write_text(
        "# What a race costs beside the training\n\n"
        f"`python benchmarks/race_overhead.py`: {EPOCHS} epochs of Adam, the race's runs one by "
        f"one in this process against a bare loop, in turn, {ROUNDS} rounds, one thread.\n\n"
        "| task | race / bare loop, median | quartiles |\n|---|---|---|\n" + "\n".join(lines) + "\n"
    )
    print(RESULT.read_text())


if __name__ == "__main__":
    main()
