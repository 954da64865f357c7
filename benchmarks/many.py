"""Measure runs trained many at once against one by one; the tables go to benchmarks/results/.

Speed: a learning-rate search, all of it at once and one `train.fit` after the other, in turn in one
process. Agreement: how far the losses of the two are apart, for every rule.
`--quick` takes few runs and rules and writes nothing.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.clock import interleave, machine, ratio
from thalweg import rules, tasks
from thalweg.race.batchable import why_not
from thalweg.race.job import Job
from thalweg.race.many import fit_many
from thalweg.tasks.task import Data, Part, Task
from thalweg.train import Record, fit

RESULT = Path(__file__).parent / "results" / "many.md"


@dataclass(frozen=True)
class Search:
    """Adam with so many learning rates between 1e-4 and 1e-2, each with a seed of its own."""

    task: str
    runs: int
    epochs: int
    threads: int = 1

    @property
    def jobs(self) -> list[Job]:
        """One for each rate."""
        task = tasks.find(self.task)
        rates = [10 ** (-4 + 2 * i / self.runs) for i in range(self.runs)]
        return [
            Job(self.task, "adam", "", {"lr": lr}, task.batch, self.epochs, seed)
            for seed, lr in enumerate(rates)
        ]


SEARCHES = (
    Search("digits", 64, 10),
    Search("digits", 64, 10, threads=2),
    Search("digits", 32, 10),
    Search("breast-cancer", 64, 10),
    Search("diabetes", 64, 10),
    Search("digits-cnn", 16, 2),
)
FACTORS = (0.1, 0.3, 1.0, 3.0)
EPOCHS = 5


def alone(task: Task, jobs: Sequence[Job], pieces: int = 1) -> list[Record]:
    """One by one, each batch in so many pieces."""
    return [
        fit(
            task,
            rule=job.rule,
            hypers=job.hypers,
            epochs=job.epochs,
            batch=job.batch,
            seed=job.seed,
            test=job.test,
            accumulate=pieces,
        )
        for job in jobs
    ]


def speed(searches: Sequence[Search], rounds: int) -> list[str]:
    """A row for each search."""
    rows = [
        "| task | runs | epochs | threads | at once, s | one by one, s | ratio | quartiles |",
        "|---|---|---|---|---|---|---|---|",
    ]
    before = torch.get_num_threads()
    for search in searches:
        task, jobs = tasks.find(search.task), search.jobs
        torch.set_num_threads(search.threads)
        times = interleave(
            {
                "many": lambda t=task, j=jobs: fit_many(t, j),
                "one": lambda t=task, j=jobs: alone(t, j),
            },
            rounds=rounds,
            warmup=1,
        )
        middle, low, high = ratio(times["one"], times["many"])
        rows.append(
            f"| {search.task} | {search.runs} | {search.epochs} | {search.threads} "
            f"| {median(times['many']):.2f} | {median(times['one']):.2f} "
            f"| {middle:.1f} | {low:.1f} to {high:.1f} |"
        )
        print(rows[-1], flush=True)
    torch.set_num_threads(before)
    return rows


def doubled(task: Task) -> Task:
    """The same in float64."""

    def load() -> Data:
        data = task.load()
        parts = (data.train, data.validation, data.test)
        return Data(*(Part(part.inputs.double(), part.targets) for part in parts))

    found = load()
    return replace(task, make_model=lambda: task.make_model().double(), load=lambda: found)


def apart(
    found: Sequence[Record], expected: Sequence[Record], epochs: Sequence[int]
) -> list[float]:
    """The largest relative difference in training loss after each of these epochs."""
    assert [one.status for one in found] == [one.status for one in expected]
    return [
        max(_difference(a, b, epoch) for a, b in zip(found, expected, strict=True))
        for epoch in epochs
    ]


def _difference(one: Record, other: Record, epoch: int) -> float:
    a, b = (
        record.history[min(epoch, len(record.history) - 1)].train["loss"] for record in (one, other)
    )
    return abs(a - b) / abs(b) if math.isfinite(b) else 0.0


def agreement(names: Sequence[str]) -> list[str]:
    """A row for each rule."""
    rows = [
        f"| rule | float32, after 1 epoch | after {EPOCHS} | in two pieces, after {EPOCHS} "
        f"| float64, after {EPOCHS} |",
        "|---|---|---|---|---|",
    ]
    single = tasks.find("digits")
    double = doubled(single)
    worst = [0.0, 0.0, 0.0, 0.0]
    for name in names:
        lr = rules.find(name).defaults["lr"]
        jobs = [
            Job("digits", name, "", {"lr": lr * factor}, single.batch, EPOCHS, seed)
            for seed, factor in enumerate(FACTORS)
        ]
        one = alone(single, jobs)
        found = [
            *apart(fit_many(single, jobs), one, (1, EPOCHS)),
            *apart(alone(single, jobs, pieces=2), one, (EPOCHS,)),
            *apart(fit_many(double, jobs), alone(double, jobs), (EPOCHS,)),
        ]
        worst = [max(pair) for pair in zip(worst, found, strict=True)]
        rows.append(f"| {name} | {' | '.join(f'{x:.0e}' for x in found)} |")
        print(rows[-1], flush=True)
    return [*rows, f"| largest | {' | '.join(f'{x:.0e}' for x in worst)} |"]


def refused() -> list[str]:
    """What the race says of the tasks that it does not batch."""
    found = [(name, tasks.find(name)) for name in tasks.names()]
    said = [(name, why_not(task, task.load())) for name, task in found]
    return [f"- {name}: {why}" for name, why in said if why is not None]


def main() -> None:
    """Measure everything and write it down."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--quick", action="store_true", help="few runs and rules; writes nothing")
    if asked.parse_args().quick:
        speed([replace(one, runs=8, epochs=2) for one in SEARCHES[:1]], rounds=3)
        agreement(["adam", "lamb"])
        return
    torch.set_num_threads(1)
    close = agreement(rules.names())
    fast = speed(SEARCHES, rounds=5)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        "# Many at once\n\n"
        f"{machine()}. Made by `benchmarks/many.py`.\n\n"
        "## Speed\n\n"
        "A search of Adam's learning rate, all runs as one batched model and one `train.fit` after "
        "the other, in turn in one process:\nmedians of 5 rounds, and the median and quartiles of "
        "the ratios round by round. Everything counts: making the models,\ntraining, evaluating "
        "on the training and the validation part after every epoch.\n\n" + "\n".join(fast) + "\n\n"
        "The race batches no model that gains nothing. Of the tasks here these are:\n\n"
        + "\n".join(refused())
        + "\n\n## Agreement\n\n"
        "The digits MLP, four runs of each rule with 0.1, 0.3, 1 and 3 times its default learning "
        "rate and a seed each: the largest\nrelative difference of the training loss from the run "
        "alone. The two add up products in another order, so the weights\ndiffer by rounding after "
        "the first step. Where a rule runs away at three times its default, training blows that "
        "up;\nthe run alone, with its batches in two pieces, then goes as far from itself. In "
        "float64 what is left is rounding, and\nwhere it runs away, that blown up.\n\n"
        + "\n".join(close)
        + "\n",
        encoding="utf-8",
    )
    print(f"wrote {RESULT}")


if __name__ == "__main__":
    main()
