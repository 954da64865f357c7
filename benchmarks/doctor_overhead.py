"""What riding along costs: a watched loop against the bare one, in turn.

    python benchmarks/doctor_overhead.py [ROUNDS]

Both train the same model from the same weights on the same batches in one process, a block of steps
each, in an order drawn anew; the ratio of wall time is taken block by block, that of the process's
own CPU time over all blocks, which a busy machine disturbs less. "all" tells the watch the loss's
module, so that it asks batches again; "told nothing" leaves it with hooks alone. Writes
benchmarks/results/doctor_overhead.md.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import torch
from clock import machine, ratio
from torch import nn

from thalweg import tasks
from thalweg.doctor import watch
from thalweg.doctor.ride.watch import Watch

RESULT = Path(__file__).parent / "results" / "doctor_overhead.md"
BLOCK = {"digits-cnn": 200, "characters": 40}
WARMUP = 2
WATCHED = ("told nothing", "all")


class Loop:
    """A training loop that goes on block by block."""

    def __init__(self, name: str, kind: str) -> None:
        task = tasks.find(name)
        torch.manual_seed(0)
        self.train, self.size = task.load().train, task.batch
        self.model = task.make_model()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.generator = torch.Generator().manual_seed(0)
        self.flat = name == "characters"
        self.criterion = nn.CrossEntropyLoss()
        self.watch: Watch | None = None
        if kind != "bare":
            loss = self.loss if kind == "all" else None
            self.watch = watch(self.model, self.optimizer, loss=loss)

    @property
    def loss(self) -> nn.Module:
        return _Flat(self.criterion) if self.flat else self.criterion

    def block(self, steps: int) -> None:
        criterion = self.watch.criterion if self.watch and self.watch.criterion else self.loss
        for _ in range(steps):
            index = torch.randint(len(self.train), (self.size,), generator=self.generator)
            self.optimizer.zero_grad()
            output = self.model(self.train.inputs[index])
            criterion(output, self.train.targets[index]).backward()
            self.optimizer.step()


class _Flat(nn.Module):
    """Cross-entropy of every character of every window."""

    def __init__(self, criterion: nn.Module) -> None:
        super().__init__()
        self.criterion = criterion

    def forward(self, output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if output.shape[:-1] == targets.shape:
            output = output.movedim(-1, 1)
        return self.criterion(output, targets)


def measure(name: str, rounds: int) -> list[str]:
    loops = {kind: Loop(name, kind) for kind in ("bare", *WATCHED)}
    order, shuffler = list(loops), random.Random(0)
    times: dict[str, list[float]] = {kind: [] for kind in loops}
    work = dict.fromkeys(loops, 0.0)
    for number in range(-WARMUP, rounds):
        shuffler.shuffle(order)
        for kind in order:
            begin, busy = perf_counter(), process_time()
            loops[kind].block(BLOCK[name])
            if number >= 0:
                times[kind].append(perf_counter() - begin)
                work[kind] += process_time() - busy
    lines = []
    for kind in WATCHED:
        watched = loops[kind].watch
        assert watched is not None
        middle, low, high = ratio(times[kind], times["bare"])
        step = 1e3 * median(times["bare"]) / BLOCK[name]
        own = watched.evidence().extra["share"]
        asked = len(watched.journal.found.ratios)
        lines.append(
            f"| {name} | {kind} | {step:.2f} | {work[kind] / work['bare']:.3f} "
            f"| {middle:.3f} | {low:.3f} to {high:.3f} "
            f"| {own:.3f} | {watched.journal.seen.looks} | {asked} |"
        )
        watched.remove()
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    lines = [line for name in BLOCK for line in measure(name, rounds)]
    RESULT.write_text(
        "# What a watch costs\n\n"
        f"`python benchmarks/doctor_overhead.py {rounds}`: blocks of "
        f"{' and '.join(f'{count} steps ({name})' for name, count in BLOCK.items())}, in turn, one "
        f"thread, load average {os.getloadavg()[0]:.1f} at the end. {machine()}.\n\n"
        "| task | watch | bare step, ms | CPU time, watched / bare | wall time, median | "
        "quartiles | share by its own clock | "
        "looks | replays |\n|---|---|---|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    )
    print(RESULT.read_text())


if __name__ == "__main__":
    main()
