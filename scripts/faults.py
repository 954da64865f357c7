"""Kill a race again and again: is anything lost, run twice, or different in the end?

    python scripts/faults.py --races 100 --out runs/faults

One race runs undisturbed. Then the same race runs in fresh folders, and each time SIGKILL hits its
referee or one of its workers at random moments; whenever the command has ended before its work was
done, it is started again. At the end every ledger must hold exactly the undisturbed race's jobs,
each done once, with the same records, and `race.json` must say the same but for measured seconds.
Linux only: children are found in /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thalweg.race.database import FILE
from thalweg.race.ledger import Ledger

RACE = ("race", "digits", "--rules", "sgd,adam", "--points", "6", "--seeds", "6", "--epochs", "2")
PATIENCE = 300.0  # seconds that one start may take
MOST = 3  # kills of one race at most; then it is left alone

# What a clock or the place decides, at any depth of race.json.
MEASURED = {"seconds", "seconds_per_step", "excess_seconds"}


@dataclass
class Count:
    """What happened in all races."""

    races: int = 0
    referees: int = 0
    workers: int = 0
    lost: int = 0
    doubled: int = 0
    different: int = 0


def command(folder: Path, more: list[str]) -> list[str]:
    return [sys.executable, "-m", "thalweg.cli", *RACE, *more, "--out", str(folder)]


def start(folder: Path, more: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(folder, more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def descendants(pid: int) -> list[int]:
    """All processes below one, whichever of its threads has started them."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            children += [int(word) for word in task.read_text().split()]
    return children + [one for child in children for one in descendants(child)]


def kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def disturb(
    folder: Path, more: list[str], chance: random.Random, whole: float, count: Count
) -> None:
    """Run a race to its end, with kills on the way."""
    kills = chance.randint(1, MOST)
    while True:
        process = start(folder, more)
        begun = time.monotonic()
        while kills and process.poll() is None:
            time.sleep(chance.uniform(0.0, 0.6 * whole))
            kills -= 1
            workers = descendants(process.pid)
            if workers and chance.random() < 0.5:
                count.workers += kill(chance.choice(workers))
            elif process.poll() is None:
                count.referees += kill(process.pid)
        try:
            _, said = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise SystemExit(f"{folder}: hangs after {time.monotonic() - begun:.0f} s") from None
        if process.returncode == 0:
            return
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"{folder}: exit code {process.returncode}: {said.decode()[-2000:]}")


def records(folder: Path) -> dict[str, Any]:
    """Every job's record, but for seconds."""
    with Ledger.open(folder / FILE, write=False) as ledger:
        found = {id: json.loads(record.to_json()) for id, record in ledger.results().items()}
    return {id: without_seconds(record) for id, record in found.items()}


def without_seconds(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {k: without_seconds(v) for k, v in plain.items() if k not in MEASURED}
    return [without_seconds(one) for one in plain] if isinstance(plain, list) else plain


def findings(folder: Path) -> Any:
    return without_seconds(json.loads((folder / "race.json").read_text()))


def where(one: Any, other: Any, place: str = "") -> str:
    """The first place at which two structures differ, and what stands there."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return next(filter(None, (where(one[k], other[k], f"{place}.{k}") for k in one)), "")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return next(filter(None, (where(a, b, f"{place}[{i}]") for i, (a, b) in pairs)), "")
    return "" if one == other else f"{place}: {str(one)[:200]} is not {str(other)[:200]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--races", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("runs/faults"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("more", nargs="*", help="further arguments of the race, after --")
    asked = parser.parse_args()
    chance, count = random.Random(asked.seed), Count()
    shutil.rmtree(asked.out, ignore_errors=True)
    calm = asked.out / "undisturbed"
    begun = time.monotonic()
    process = start(calm, asked.more)
    _, said = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise SystemExit(said.decode())
    whole = time.monotonic() - begun
    expected, end = records(calm), findings(calm)
    print(f"undisturbed: {len(expected)} jobs, {whole:.1f} s", flush=True)
    for number in range(asked.races):
        folder = asked.out / f"{number:03}"
        disturb(folder, asked.more, chance, whole, count)
        found = records(folder)
        with Ledger.open(folder / FILE, write=False) as ledger:
            states = ledger.counts()
        count.races += 1
        count.lost += len(expected.keys() - found.keys())
        count.doubled += states["doubled"] + len(found.keys() - expected.keys())
        if found != expected or findings(folder) != end:
            count.different += 1
            print(f"{folder}: {where(found, expected) or where(findings(folder), end)}")
        else:
            shutil.rmtree(folder)
        print(f"{number + 1}: {count}", flush=True)
    print(
        f"{count.races} races, {count.referees} referees and {count.workers} workers killed: "
        f"{count.lost} jobs lost, {count.doubled} doubled, {count.different} races that ended "
        f"otherwise; {time.monotonic() - begun:.0f} s"
    )
    if count.lost or count.doubled or count.different:
        raise SystemExit(1)
    shutil.rmtree(asked.out)


if __name__ == "__main__":
    main()
