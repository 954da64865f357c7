"""Measure what states of few bits cost in validation loss; the tables go to benchmarks/results/.

AdamW trains the tasks' own models, with its states kept as float32, bfloat16 and int8, from the
same ten seeds: equal initial weights and equal order of the data, so that runs compare in pairs.
`--quick` takes two seeds and two epochs and writes nothing; `--only float32` leaves out the rest.
"""

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from scipy.stats import ttest_rel

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.clock import machine
from thalweg.train import fit

RESULT = Path(__file__).parent / "results" / "low_state.md"
KINDS = ("float32", "bfloat16", "int8")
SETTINGS = {"digits-cnn": (3e-3, 12), "characters": (3e-3, 4)}
"""Learning rate and epochs; with these Adam solves the task in float32."""


@dataclass(frozen=True)
class Run:
    """How a run ended: the loss on validation after the last epoch, and the bytes of its states."""

    loss: float
    state_bytes: int


def train(task: str, kind: str, seed: int, epochs: int) -> Run:
    # Float32 is how states are kept unless one says otherwise.
    storage = {} if kind == "float32" else {"state_dtype": kind}
    hypers = {"lr": SETTINGS[task][0], **storage}
    record = fit(task, rule="adamw", hypers=hypers, epochs=epochs, seed=seed)
    # A run that diverged ends with whatever loss it had then; none is worse.
    loss = math.inf if record.status == "diverged" else record.history[-1].validation["loss"]
    return Run(loss, record.state_bytes)


def compare(ours: list[float], plain: list[float]) -> str:
    """The mean difference, its paired 95 % interval, and the deviation of seeds, as a row."""
    if not all(map(math.isfinite, [*ours, *plain])):
        return "| diverged | | | no |"
    gap, noise = mean(ours) - mean(plain), stdev(plain)
    low, high = ttest_rel(ours, plain).confidence_interval(0.95)
    return f"| {gap:+.5f} | {low:+.5f} to {high:+.5f} | {noise:.5f} | {_within(gap, noise)} |"


def _within(gap: float, noise: float) -> str:
    return "yes" if abs(gap) <= noise else "no"


def measure(task: str, kinds: list[str], seeds: int, epochs: int) -> list[str]:
    """All runs of a task: the losses seed by seed, then the comparison with float32."""
    # Seed by seed, so that a run which is broken off has still measured pairs.
    runs: dict[str, list[Run]] = {kind: [] for kind in kinds}
    rows = []
    for seed in range(seeds):
        for kind in kinds:
            runs[kind].append(train(task, kind, seed, epochs))
        rows.append(f"| {seed} | " + " | ".join(f"{runs[k][-1].loss:.5f}" for k in kinds) + " |")
        print(task, rows[-1], flush=True)
    lines = [f"| seed | {' | '.join(kinds)} |", "|---" * (len(kinds) + 1) + "|", *rows]
    lines += [
        "",
        "| states | bytes of state | mean loss | difference to float32 | its 95 % interval "
        "| deviation of seeds in float32 | within it |",
        "|---|---|---|---|---|---|---|",
    ]
    plain = [run.loss for run in runs["float32"]]
    for kind, found in runs.items():
        losses = [run.loss for run in found]
        first = f"| {kind} | {found[-1].state_bytes:,} | {mean(losses):.5f} "
        same = f"| | | {stdev(plain):.5f} | |"
        lines.append(first + (same if kind == "float32" else compare(losses, plain)))
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Train everything and write it down."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--quick", action="store_true", help="two seeds and epochs; writes nothing")
    asked.add_argument("--only", nargs="+", choices=KINDS, default=KINDS, metavar="KIND")
    args = asked.parse_args()
    kinds = [kind for kind in KINDS if kind in {"float32", *args.only}]
    seeds = 2 if args.quick else 10
    parts = []
    for task, (lr, epochs) in SETTINGS.items():
        epochs = 2 if args.quick else epochs
        table = "\n".join(measure(task, kinds, seeds, epochs))
        parts.append(f"## {task}\n\nAdamW, lr={lr:g}, {epochs} epochs.\n\n{table}\n")
    if args.quick or kinds != list(KINDS):
        return
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        "# States of few bits\n\n"
        f"{machine()}. Made by `benchmarks/low_state.py`.\n\n"
        f"The loss on validation after the last epoch, for {seeds} seeds. A seed fixes the initial "
        "weights and the order of the data,\nso differences are taken seed by seed, and their 95 % "
        "interval is Student's for pairs. A difference is called\nwithin the deviation of seeds if "
        "the standard deviation of float32's losses is at least as large.\n\n" + "\n".join(parts),
        encoding="utf-8",
    )
    print(f"wrote {RESULT}")


if __name__ == "__main__":
    main()
