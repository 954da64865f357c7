"""How often does a race find a difference where there is none, and none where there is one?

    python benchmarks/race_self.py --races 40 --out runs/race-self

Races on the digits MLP, each with another design of points and other seeds:

- same: Adam against Adam, searched at the same points. Their runs are the same jobs.
- drawn: Adam against Adam, each searched at points of its own. Two honest searches of one rule.
- slow: Adam as published against Adam with a learning rate a hundredth of that, untuned.

Writes benchmarks/results/race_self.md.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from time import perf_counter

from thalweg.race import Entry, race

RESULT = Path(__file__).parent / "results" / "race_self.md"
QUICK = {"points": 16, "seeds": 10, "epochs": 10, "on": "here"}

KINDS = {
    "same": ("Adam against itself, the same points", [Entry("A", "adam"), Entry("B", "adam")]),
    "drawn": (
        "Adam against itself, points of its own",
        [Entry("A", "adam"), Entry("B", "adam", draw=1)],
    ),
    "slow": (
        "Adam against itself at lr/100, untuned",
        [Entry("A", "adam"), Entry("B", "adam", {"lr": 1e-5})],
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--races", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path("runs/race-self"))
    parser.add_argument("--kinds", default="slow,same,drawn")
    asked = parser.parse_args()
    lines: list[str] = []
    for kind in asked.kinds.split(","):
        about, entrants = KINDS[kind]
        found: Counter[str] = Counter()
        begun = perf_counter()
        for design in range(asked.races):
            terms = QUICK if kind != "slow" else {**QUICK, "points": 1}
            folder = asked.out / f"{kind}-{design:02}"
            verdict = race("digits", entrants, design=design, out=folder, **terms).verdict
            found[f"{verdict.kind} {verdict.winner or ''}".strip()] += 1
            print(kind, design, verdict.kind, verdict.winner, verdict.sentence, flush=True)
        took = perf_counter() - begun
        counts = ", ".join(f"{count} {name}" for name, count in found.most_common())
        lines.append(f"| {about} | {asked.races} | {counts} | {took / asked.races:.0f} |")
        print(lines[-1], flush=True)
    RESULT.write_text(
        "# A race of a rule against itself\n\n"
        "`python benchmarks/race_self.py`: the digits MLP, 10 epochs, 16 points, 10 seeds, "
        f"{asked.races} races, each with another design of points and other seeds.\n\n"
        "| race | races | verdicts | seconds each |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main()
