"""Measure slices of networks against moving the weights; the table goes to benchmarks/results/.

The peers are the `loss-landscapes` package, where it is installed, and what it does at each point
in a bare loop: add a step to the weights in place, run the model, read the loss. Both are timed on
the same model and samples, in turn with ours, in one process. `--quick` takes a small grid and
writes nothing.
"""

import argparse
import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from os import cpu_count, getloadavg
from pathlib import Path
from statistics import median
from time import process_time

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.clock import interleave, machine, ratio
from thalweg import tasks
from thalweg.probe import Probe
from thalweg.terrain.plane import Plane, randomly
from thalweg.terrain.slice import Slice, measure

RESULT = Path(__file__).parent / "results" / "terrain.md"
SAMPLES = 1000
LOAD = getloadavg()


class Peer:
    """The weights of a copy of the model, moved in place from point to point, row by row."""

    def __init__(self, probe: Probe, plane: Plane, size: int) -> None:
        self.probe = probe
        self.model = copy.deepcopy(probe.model).eval().requires_grad_(False)
        self.size = size
        self.start = list(probe.weights.named(plane.at(-1.0, -1.0)).values())
        step = 2 / (size - 1)
        self.one, self.other = (
            [step * part for part in probe.weights.named(way).values()]
            for way in (plane.one, plane.other)
        )

    def draw(self) -> Tensor:
        """The losses of all points."""
        params = list(self.model.parameters())
        for param, value in zip(params, self.start, strict=True):
            param.copy_(value)
        rows = []
        for row in range(self.size):
            rows.append(self._row(params, back=row % 2 == 1))
            for param, step in zip(params, self.other, strict=True):
                param.add_(step)
        return torch.tensor(rows)

    def _row(self, params: list[nn.Parameter], *, back: bool) -> list[float]:
        """To the right, and on the next row back, so that no step is undone."""
        losses = []
        for column in range(self.size):
            if column:
                for param, step in zip(params, self.one, strict=True):
                    param.add_(step, alpha=-1 if back else 1)
            output = self.model(self.probe.sample.inputs)
            losses.append(self.probe.loss(output, self.probe.sample.targets).item())
        return losses[::-1] if back else losses


class Package:
    """The package itself, on a copy of the model; its directions are its own, its points as many.

    `pip install --no-deps loss-landscapes`; it is pure Python.
    """

    def __init__(self, probe: Probe, size: int) -> None:
        self.work = import_module("loss_landscapes").random_plane
        self.model = copy.deepcopy(probe.model).eval()
        loss = import_module("loss_landscapes.metrics").Loss
        self.metric = loss(probe.loss, probe.sample.inputs, probe.sample.targets)
        self.size = size

    def draw(self) -> object:
        """The losses of all points."""
        return self.work(self.model, self.metric, 1, self.size, "filter", deepcopy_model=True)


@dataclass(frozen=True)
class Row:
    """What one network took: seconds of wall clock and of the processor, by who did it."""

    task: str
    size: int
    threads: int
    method: str
    wall: dict[str, list[float]]
    processor: dict[str, list[float]]
    apart: float

    def lines(self) -> list[str]:
        """One line of the table for each other way."""
        return [
            f"| {self.task} | {self.size} × {self.size} | {self.threads} | {self.method} | {name} "
            f"| {median(self.wall['ours']):.2f} s | {median(self.wall[name]):.2f} s "
            f"| {_times(self.wall, name)} | {_times(self.processor, name)} | {self.apart:.1e} |"
            for name in self.wall
            if name != "ours"
        ]


def _times(seconds: dict[str, list[float]], name: str) -> str:
    middle, low, high = ratio(seconds[name], seconds["ours"])
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def compare(task: str, size: int, rounds: int, threads: int) -> Row:
    """Time all ways on the model of a task, a few epochs trained."""
    torch.set_num_threads(threads)
    probe = Probe.of(*_trained(task), samples=SAMPLES)
    plane = randomly(probe.weights, probe.here())
    found: dict[str, object] = {}
    processor: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object]) -> Callable[[], None]:
        def once() -> None:
            begin = process_time()
            found[name] = work()
            processor.setdefault(name, []).append(process_time() - begin)

        return once

    ways = {
        # Trying out which way is faster is part of it; nothing is kept on disk.
        "ours": timed("ours", lambda: measure(probe, plane, size=size)),
        "in-place loop": timed("in-place loop", Peer(probe, plane, size).draw),
    }
    if find_spec("loss_landscapes"):
        ways["loss-landscapes"] = timed("loss-landscapes", Package(probe, size).draw)
    measure(probe, plane, size=5)  # what is imported at first need is nobody's time
    wall = interleave(ways, rounds=rounds, warmup=0)
    ours, theirs = found["ours"], found["in-place loop"]
    assert isinstance(ours, Slice)
    assert isinstance(theirs, Tensor)
    mine = torch.from_numpy(ours.ground.height)
    apart = float(((mine - theirs) / mine).abs().max())
    return Row(task, size, threads, ours.method, wall, processor, apart)


def _trained(name: str) -> tuple[nn.Module, Callable[..., Tensor], tuple[Tensor, Tensor]]:
    task = tasks.find(name)
    torch.manual_seed(0)
    model, train = task.make_model(), task.load().train
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(60):
        optimizer.zero_grad()
        task.loss(model(train.inputs), train.targets).backward()
        optimizer.step()
    return model, task.loss, (train.inputs, train.targets)


def report(rows: list[Row]) -> str:
    """The table as a page."""
    lines = [
        "# Slices of networks",
        "",
        f"A slice through the loss of a task's model with {SAMPLES} samples of its training part,",
        "against moving the weights from point to point: by the `loss-landscapes` package itself",
        f"({_version()}), and by a bare loop that does the same in place and without autograd.",
        "The same model and samples, in turn in one process; ratios are medians with quartiles,",
        "round by round. Our time includes the noise band and trying out which way is faster.",
        "`python benchmarks/terrain.py` makes this page.",
        "",
        f"{machine()}; load average before and after {LOAD[0]:.1f} and {getloadavg()[0]:.1f}",
        f"on {cpu_count()} processors.",
        "",
        "| task | points | threads | how | the other way | ours | theirs "
        "| times faster by the clock | by processor time | greatest difference |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(line for row in rows for line in row.lines()),
    ]
    return "\n".join(lines) + "\n"


def _version() -> str:
    return version("loss-landscapes") if find_spec("loss_landscapes") else "not installed here"


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tasks", nargs="*", default=["digits", "digits-cnn"])
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=0, help="0: 9, and 5 for digits-cnn")
    parser.add_argument("--threads", type=int, nargs="*", default=[1])
    asked = parser.parse_args()
    rows = [
        compare(
            task,
            asked.size or _size(task, quick=asked.quick),
            asked.rounds or _rounds(task, quick=asked.quick),
            n,
        )
        for task in asked.tasks
        for n in asked.threads
    ]
    text = report(rows)
    print(text)
    if not asked.quick:
        RESULT.write_text(text)


def _size(task: str, *, quick: bool) -> int:
    # Points of the larger network take twenty milliseconds each, wherever they lie.
    return 13 if quick or task == "digits-cnn" else 51


def _rounds(task: str, *, quick: bool) -> int:
    return 3 if quick else 5 if task == "digits-cnn" else 9


if __name__ == "__main__":
    main()
