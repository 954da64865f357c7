"""Simulate what a race's statistics promise; the tables go to benchmarks/results/.

Coverage of the bootstrap interval, false and missed winners of the whole decision rule, the power
that `seeds_needed` promises, and races of a rule against itself whose searches differ. `--quick`
takes a twentieth of the sets and writes nothing.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.clock import machine
from tests.race.made import entrant, trial
from thalweg.race import comparison
from thalweg.race.edge import boundary
from thalweg.race.paired import bootstrap
from thalweg.race.power import seeds_needed
from thalweg.race.result import Axis, Candidate, Entrant
from thalweg.race.tuning import tuning_cost

RESULT = Path(__file__).parent / "results" / "race_statistics.md"
SEEDS = (6, 10, 20)
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]

# Differences around zero of standard deviation 1; the last as accuracies of 100 samples have them.
SHAPES: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "skewed (exponential)": lambda rng, shape: rng.exponential(size=shape) - 1,
    "heavy tails (Student, 3)": lambda rng, shape: rng.standard_t(3, size=shape) / 3**0.5,
    "in whole steps": lambda rng, shape: np.round(rng.normal(size=shape)),
}


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(hits: float, sets: int) -> str:
    """A share and its standard error."""
    share = hits / sets
    return f"{100 * share:.1f} ± {100 * (share * (1 - share) / sets) ** 0.5:.1f}"


def coverage(sets: int) -> str:
    rows: list[list[str]] = []
    for name in ("normal", "skewed (exponential)"):
        row = [name]
        for n in SEEDS:
            draws = SHAPES[name](np.random.default_rng(n), (sets, n))
            spans = [bootstrap(values, samples=2000) for values in draws]
            row.append(percent(sum(span.low <= 0 <= span.high for span in spans), sets))
        rows.append(row)
    return table(["differences", *(f"{n} seeds, %" for n in SEEDS)], rows)


def winners(draws: np.ndarray, *, side: str | None = None) -> int:
    """In how many races somebody wins, or the one on that side."""
    found = 0
    for values in draws:
        a, b = entrant("a", values), entrant("b", np.zeros(len(values)))
        pair = comparison.compare(a, b, higher=True)
        found += pair.verdict == side if side else pair.verdict != "tie"
    return found


def errors(sets: int) -> str:
    rows = [
        [name, *(percent(winners(draw(np.random.default_rng(n), (sets, n))), sets) for n in SEEDS)]
        for name, draw in SHAPES.items()
        # Only where the sign of a difference is a fair coin does "no difference" mean one thing.
        if not name.startswith("skewed")
    ]
    return table(["differences", *(f"{n} seeds, %" for n in SEEDS)], rows)


def power(sets: int) -> str:
    rows: list[list[str]] = []
    for effect in (0.5, 1.0, 1.5, 2.0):
        row = [f"{effect}"]
        for n in SEEDS:
            draws = effect + np.random.default_rng(n).normal(size=(sets, n))
            row.append(percent(winners(draws, side="a"), sets))
        rows.append(row)
    return table(["gap / deviation", *(f"{n} seeds, %" for n in SEEDS)], rows)


def promise(sets: int) -> str:
    rows: list[list[str]] = []
    for effect in (0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0):
        n = seeds_needed(np.array([1.0, -1.0]) * 0.5**0.5 + effect)
        assert n is not None
        draws = effect + np.random.default_rng(n).normal(size=(sets, n))
        rows.append([f"{effect}", str(n), percent(winners(draws, side="a"), sets)])
    return table(["gap / deviation", "seeds", "decided, %"], rows)


AXES = [Axis("lr", 1.0, 1e4, "lr"), Axis("weight_decay", 1.0, 10**1.7, "weight_decay")]
START = -50.0


def search(
    design: int, fall: float, rng: np.random.Generator, best: float = 0.6
) -> tuple[float, Entrant]:
    """Sixteen points of two axes, the best three again; what the chosen one truly scores.

    Four decades of lr, of which one costs `fall` standard deviations of a run, two cost four times
    as much; 1.7 decades of a second axis that matters a tenth of that.
    """
    sobol = torch.quasirandom.SobolEngine(2, scramble=True, seed=design)
    cube = sobol.draw(16, dtype=torch.float64).numpy()
    away = (cube - [best, 0.4]) * [4, 1.7]
    true = np.maximum(START, -fall * (away**2 @ [1, 0.1]))
    scores = true + rng.normal(size=16)
    top = np.argsort(-scores)[:3]
    again = true[top][:, None] + rng.normal(size=(3, 3))
    found = entrant(
        str(design),
        trials=[
            trial(i, float(scores[i]), lr=10 ** (4 * x), weight_decay=10 ** (1.7 * y))
            for i, (x, y) in enumerate(cube)
        ],
        axes=AXES,
        candidates=[
            Candidate(int(i), {}, row.tolist(), []) for i, row in zip(top, again, strict=True)
        ],
    )
    found.cost = tuning_cost(scores.tolist(), START, higher=True, seconds=1.0)
    return float(true[top][again.mean(axis=1).argmax()]), found


def with_finals(found: Entrant, true: float, rng: np.random.Generator) -> Entrant:
    found.finals = entrant(tests=true + rng.normal(size=10)).finals
    return found


def itself(sets: int) -> str:
    """A rule against itself, searched at other points."""
    rows: list[list[str]] = []
    for fall in (1.0, 5.0, 25.0, 100.0):
        rng = np.random.default_rng(int(fall))
        wins = dict.fromkeys((0.0, 1.0, 2.0, 3.0), 0)
        for number in range(sets):
            a, b = (
                with_finals(found, true, rng)
                for true, found in (search(2 * number + i, fall, rng) for i in (0, 1))
            )
            for luck in wins:
                comparison.LUCK = luck
                wins[luck] += comparison.compare(a, b, higher=True).verdict != "tie"
        rows.append([f"{fall:g}", *(percent(hits, sets) for hits in wins.values())])
    comparison.LUCK = 2.0
    head = [f"{luck}, %" for luck in (0, 1, 2, 3)]
    return table(["a decade of lr costs", *head], rows)


def edges(sets: int) -> str:
    rows: list[list[str]] = []
    for best, where in ((0.6, "inside"), (1.0, "at the end of lr"), (1.3, "1.2 decades beyond")):
        for fall in (5.0, 25.0):
            rng = np.random.default_rng(0)
            found = [search(number, fall, rng, best)[1] for number in range(sets)]
            careful = sum(bool(boundary(one, higher=True)) for one in found)
            for one in found:
                one.candidates = []
            plain = sum(bool(boundary(one, higher=True)) for one in found)
            rows.append([where, f"{fall:g}", percent(plain, sets), percent(careful, sets)])
    head = ["the optimum lies", "a decade of lr costs", "by its place, %", "by A1, %"]
    return table(head, rows)


def report(share: float) -> str:
    def sets(count: int) -> int:
        return max(10, round(share * count))

    return f"""# What a race's statistics keep of their promises

{machine()}. Made by `benchmarks/race_statistics.py`; ± is a standard error.

## Coverage of the interval of the mean

How often the 95 % interval holds the true mean, of {sets(2000)} sets: percentiles with 6 seeds,
BCa from 10 on (2,000 resamples). With few seeds it is narrower than it says, so no verdict rests
on it alone.

{coverage(sets(2000))}

## Winners where there is no difference

Of {sets(1000)} races of two entrants, by the whole rule: share of seeds, signed-rank test and
interval. It should be at most 5.

{errors(sets(1000))}

## Winners where there is one

Normal differences whose mean is so many of their standard deviations; of {sets(500)} races.

{power(sets(500))}

## As many seeds as a tie asks for

Of {sets(1000)} races with the number of seeds that `seeds_needed` gives: 80 were promised. Below a
gap of 0.67 standard deviations fewer than 75 % of the seeds are won, and no number of them decides.

{promise(sets(1000))}

## A rule against itself, searched at other points

Sixteen points on two axes, the best three again on three seeds, ten final seeds,
{sets(300)} races. A decade of learning rate costs so many standard deviations of a run, two
decades four times that. Any winner is false: its settings were luckier. Columns: how many standard
deviations of the difference between two searches (resampled from their points) a gap must exceed.
The verdict asks for 2.

{itself(sets(300))}

## A best point at an edge

How often a best point of {sets(300)} such searches counts as lying at an edge: by the last 5 % of
the range or nothing tried further out, and, as audit A1 has it, only if no point further in is as
good but for the noise between two runs. In the last row 28 % of the searches never left the
start, for the range ends just where training begins: there the place says nothing.

{edges(sets(300))}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth; writes nothing")
    quick = parser.parse_args().quick
    begin = time.perf_counter()
    said = report(0.05 if quick else 1.0)
    print(said)
    if not quick:
        RESULT.write_text(said)
    print(f"took {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
