"""Does a fork confirm what helps and withdraw what does not? Forks of known answer, counted.

python benchmarks/doctor_fork.py [--families mlp cancer] [--seeds 2]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.clock import machine
from benchmarks.doctor_score import table
from benchmarks.doctor_tasks import FAMILIES, Family
from thalweg.doctor import faults
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fork import LIMITS, REPEATS, STEPS, fork

RESULT = Path(__file__).parent / "results" / "doctor_fork.md"
RULES = ("momentum", "adam")


def questions(family: Family, rule: str, seed: int) -> Iterator[tuple[str, Case, dict[str, float]]]:
    """Where a run stands, what is tried there, and what the right answer is."""
    sane = family.rates[rule]
    early = family.case(rule, seed, steps=60)
    late = family.case(rule, seed)
    slow = faults.inject("learning-rate-too-small", early)
    wild = faults.inject("learning-rate-too-large", early)
    yield "a crawling run, lr × 10: helps", slow, {"lr": sane / 100}
    yield "a crawling run, lr × 1000: helps", slow, {"lr": sane}
    yield "a run with lr × 30, back to the sane lr: helps", wild, {"lr": sane}
    yield "a sane run, lr × 30: harms", early, {"lr": 30 * sane}
    yield "a sane run, lr / 100: harms", early, {"lr": sane / 100}
    yield "a sane run, the same lr but for a hundredth: changes nothing", early, {"lr": 1.01 * sane}
    yield "a sane run near its end, lr / 10: short horizons favour it", late, {"lr": sane / 10}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--families", nargs="*", default=["mlp", "cancer"])
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    counts: dict[str, Counter[str]] = {}
    for name in asked.families:
        for rule in RULES:
            for seed in range(asked.seeds):
                for what, case, changes in questions(FAMILIES[name], rule, seed):
                    *_, run = faults.run(case)
                    found = fork(run.model, run.optimizer, run.criterion, run.loader, changes)
                    counts.setdefault(what, Counter())[found.outcome] += 1
                    print(f"{name} {rule} {seed} {what}: {found.sentence}", flush=True)
    rows = [
        [what, *(found[outcome] for outcome in ("confirmed", "withdrawn", "open"))]
        for what, found in counts.items()
    ]
    RESULT.write_text(
        f"# What forks say where the answer is known\n\n{machine()}. Made by "
        f"`benchmarks/doctor_fork.py`: {', '.join(asked.families)} with {' and '.join(RULES)}, "
        f"{asked.seeds} seeds, {REPEATS} × {STEPS} steps a side. {LIMITS}\n\n"
        + table(["where, and what is tried", "confirmed", "withdrawn", "open"], rows)
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
