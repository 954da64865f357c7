"""Who wins where: races on the library's small tasks and on two others.

    python benchmarks/race_table.py

SGD, SGD with momentum, Adam and AdamW, 16 points, 10 seeds; benchmarks/results/race_table.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

from thalweg.race import race
from thalweg.web.race import rows

HERE = Path(__file__).parent
RESULT = HERE / "results" / "race_table.md"
RULES = ["sgd", "momentum", "adam", "adamw"]
OURS = ("digits", "breast-cancer", "diabetes")
TASKS = (*OURS, "race_tasks.py:spirals", "race_tasks.py:factors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=16)
    parser.add_argument("--out", type=Path, default=Path("runs/race-table"))
    asked = parser.parse_args()
    lines: list[str] = []
    for name in TASKS:
        place = str(HERE / name) if ".py" in name else name
        begun = perf_counter()
        found = race(
            place,
            RULES,
            points=asked.points,
            widen=True,
            out=asked.out / name.partition(":")[2] if ".py" in name else asked.out / name,
        )
        took = perf_counter() - begun
        runs = sum(one.charge.runs for one in found.entrants)
        failing = ", ".join(a.code for a in found.audits if a.passed is False) or "none"
        _, table = rows(found)
        scores = "; ".join(f"{row[0]} {row[1]}" for row in table)
        title = name.rpartition(":")[2]
        lines.append(
            f"| {title} | {found.verdict.sentence} | {scores} | {failing} | {runs} | {took:.0f} |"
        )
        print(lines[-1], flush=True)
    RESULT.write_text(
        "# Who wins where\n\n"
        "`python benchmarks/race_table.py`: SGD, SGD with momentum, Adam and AdamW, "
        f"{asked.points} points (more where a best lay at an edge), 10 seeds, two workers. Scores "
        "are means on the test part with 95 % intervals; the last columns are the audits that "
        "failed, the runs, and the seconds of the whole race.\n\n"
        "| task | verdict | test scores | failing audits | runs | seconds |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main()
