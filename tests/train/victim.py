"""A small run to be killed, and a nursery that starts it in milliseconds, as often as asked.

Run as a script, it reads a rule and a folder from its input, forks a process that trains there,
and answers with that process's id. On a further line it waits for that process and says how it
ended; not before, so that the id can't come to mean another process meanwhile. Forking from a
process that has imported all of torch spares some seconds a start.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from torch import nn

from thalweg.schedules import ramp
from thalweg.tasks.task import Data, Part, Solved, Task
from thalweg.train import Record, fit


def make_model() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))


def load() -> Data:
    generator = torch.Generator().manual_seed(1)

    def part(count: int) -> Part:
        targets = torch.randint(0, 3, (count,), generator=generator)
        centres = torch.eye(3, 6)[targets] * 2
        return Part(centres + torch.randn(count, 6, generator=generator), targets)

    return Data(part(90), part(30), part(30))


def accuracy(output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (output.argmax(dim=1) == targets).float().mean()


BLOBS = Task(
    "blobs",
    "three clouds in six dimensions",
    make_model,
    load,
    metrics={"accuracy": accuracy},
    solved=Solved("accuracy", 0.75),
    epochs=4,
    batch=16,
)


class Annealed(torch.optim.SGD):
    """Momentum from 0.5 to 0.9 over 20 steps, counted in the group so that it is resumed."""

    def step(self, closure=None):
        group = self.param_groups[0]
        group["taken"] = group.get("taken", 0) + 1
        group["momentum"] = min(0.9, 0.5 + 0.02 * group["taken"])
        return super().step(closure)


def annealed(params) -> torch.optim.Optimizer:
    return Annealed(params, lr=0.05, momentum=0.5)


RULES = {
    "torch": {"rule": annealed},
    "sgd": {"rule": "sgd", "hypers": {"lr": 0.05, "momentum": ramp(0.5, 0.9, epochs=4)}},
    "adam": {"rule": "adam", "hypers": {"lr": 0.01}},
}


def train(folder: Path | str | None, **changes) -> Record:
    """A run with dropout, annealed momentum, accumulation, clipping, a partial last batch."""
    settings = {"rule": annealed, "accumulate": 3, "clip_norm": 1.0, "seed": 3}
    settings |= {"epochs": 6, "checkpoint_every_seconds": 1e-9}  # that is: after every step
    return fit(BLOBS, out=folder, **{**settings, **changes})


def _serve() -> None:
    torch.set_num_threads(1)  # a forked child can't use its parent's pool of threads
    for (
        asked
    ) in RULES.values():  # much is imported and compiled once, for which no child shall wait
        train(None, epochs=1, **asked)
    for line in sys.stdin:
        rule, folder = line.split()
        child = os.fork()
        if not child:
            train(folder, **RULES[rule])
            os._exit(0)
        print(child, flush=True)
        sys.stdin.readline()
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    _serve()
