"""Measure slices of networks against moving the weights; the table goes to benchmarks/results/.

The peer is what the `loss-landscapes` package does at each point: add a step to the weights in
place, run the model, read the loss. It is timed on the same model, samples and points, in turn with
ours, in one process. `--quick` takes a small grid and writes nothing.
"""

import argparse
import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

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


@dataclass(frozen=True)
class Row:
    """What one network took."""

    task: str
    threads: int
    method: str
    ours: float
    peers: float
    faster: str
    apart: float


def compare(task: str, size: int, rounds: int, threads: int) -> Row:
    """Time both on the model of a task, a few epochs trained."""
    torch.set_num_threads(threads)
    probe = Probe.of(*_trained(task), samples=SAMPLES)
    plane = randomly(probe.weights, probe.here())
    peer = Peer(probe, plane, size)
    found: dict[str, object] = {}

    def keep(name: str, work: Callable[[], object]) -> Callable[[], None]:
        return lambda: found.update({name: work()})

    seconds = interleave(
        {
            # Trying out which way is faster is part of it; nothing is kept on disk.
            "ours": keep("ours", lambda: measure(probe, plane, size=size)),
            "peer": keep("peer", peer.draw),
        },
        rounds=rounds,
        warmup=1,
    )
    ours, theirs = found["ours"], found["peer"]
    assert isinstance(ours, Slice)
    assert isinstance(theirs, Tensor)
    mine = torch.from_numpy(ours.ground.height)
    apart = float(((mine - theirs) / mine).abs().max())
    middle, low, high = ratio(seconds["peer"], seconds["ours"])
    each = median(seconds["ours"]), median(seconds["peer"])
    faster = f"{middle:.2f} ({low:.2f} to {high:.2f})"
    return Row(task, threads, ours.method, *each, faster, apart)


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


def report(rows: list[Row], size: int, rounds: int) -> str:
    """The table as a page."""
    lines = [
        "# Slices of networks",
        "",
        f"A {size} × {size} slice of a task's model with {SAMPLES} samples of its training part,",
        "against moving the weights from point to point as `loss-landscapes` does: the same model,",
        f"samples and points, in turn in one process, {rounds} rounds, medians. Our time includes",
        "the noise band and trying out which way is faster. "
        "`python benchmarks/terrain.py` makes this page.",
        "",
        machine(),
        "",
        "| task | threads | how | ours | moving the weights | times faster | greatest difference |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.task} | {row.threads} | {row.method} | {row.ours:.2f} s | {row.peers:.2f} s "
        f"| {row.faster} | {row.apart:.1e} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tasks", nargs="*", default=["digits", "digits-cnn"])
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    asked = parser.parse_args()
    size = asked.size or (13 if asked.quick else 51)
    rounds = asked.rounds or (3 if asked.quick else 5)
    rows = [compare(task, size, rounds, n) for task in asked.tasks for n in asked.threads]
    text = report(rows, size, rounds)
    print(text)
    if not asked.quick:
        RESULT.write_text(text)


if __name__ == "__main__":
    main()
