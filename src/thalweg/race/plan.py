"""The plan of a race: what it will run, how long that takes, and how to fit it into less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from thalweg.race.entry import Entry
from thalweg.race.facts import Facts, threads_set
from thalweg.train import pace

TOP = 3  # trials of each entrant that are run again
AGAIN = 3  # fresh seeds of each
ROUNDS = 4  # of widening at most: a range that is so far off is a fault of the task
LEAST_SEEDS = 6  # below, no p-value of a signed-rank test can reach 0.05
LARGEST = 4096
LONG = 60.0  # seconds; a run that takes longer is worth a checkpoint


@dataclass(frozen=True)
class Terms:
    """What was asked of a race, each within its range.

    Attributes:
        points: trials of each entrant's search, the default among them; 1 is the default alone.
        seeds: of the final.
        epochs: of each run.
        batch: samples a step, of those that don't see all data at each; None is all data.
        design: the seed of the points, from which all other seeds follow.
        widen: give everyone more points where somebody's best lies at an edge.
        many: run small models many at once.
        threads: of each run.

    Raises:
        ValueError: one is out of range.
    """

    points: int = 16
    seeds: int = 10
    epochs: int = 30
    batch: int | None = 64
    design: int = 0
    widen: bool = False
    many: bool = True
    threads: int = 1

    def __post_init__(self) -> None:
        ranges = {
            "points": (1, LARGEST, "16 is usual, 1 is the published default alone"),
            "seeds": (LEAST_SEEDS, LARGEST, "10 is usual; fewer than 6 can't tell two rules apart"),
            "epochs": (1, 10**9, "the task's own number is usual"),
            "design": (0, 10**9, "0 is usual"),
            "threads": (1, 1024, "1 is usual, with a worker for each core"),
        }
        for name, (low, high, way_out) in ranges.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise ValueError(f"{name}={value!r} is not a whole number from {low} on; {way_out}")
        if self.batch is not None and (type(self.batch) is not int or self.batch < 1):
            raise ValueError(f"batch={self.batch!r} is not a whole number from 1 on; 64 is usual")

    @property
    def extra(self) -> int:
        """Points that everyone gets when a range is widened."""
        return max(2, self.points // 2)

    def runs(self) -> dict[str, int]:
        """How many runs of each entrant the stages take, widening not counted."""
        if self.points == 1:
            return {"tune": 0, "select": 0, "final": self.seeds}
        return {"tune": self.points, "select": min(TOP, self.points) * AGAIN, "final": self.seeds}

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Measured:
    """One entrant, measured alone: what turns steps into seconds.

    Attributes:
        seconds_per_step: the median of some 50 steps.
        seconds_per_evaluation: after each epoch.
        steps_per_epoch: at its batch size.
        state_bytes: of its optimizer.
    """

    seconds_per_step: float
    seconds_per_evaluation: float
    steps_per_epoch: int
    state_bytes: int

    def seconds(self, epochs: int) -> float:
        """Of a run, with its evaluations."""
        evaluations = (epochs + 1) * self.seconds_per_evaluation
        return epochs * self.steps_per_epoch * self.seconds_per_step + evaluations


@dataclass(frozen=True)
class Plan:
    """What a race will do.

    Attributes:
        terms: what was asked, or what fits.
        runs: in all, widening not counted.
        gradient_evaluations: gradients of single samples, in all.
        seconds: expected, with so many workers.
        memory: bytes expected, of all workers together.
        workers: at once.
    """

    terms: Terms
    runs: int
    gradient_evaluations: int
    seconds: float
    memory: int
    workers: int


def batch_of(entry: Entry, terms: Terms) -> int | None:
    """Samples a step of an entrant; None for all of them."""
    return None if entry.full else terms.batch


def measure(facts: Facts, entry: Entry, terms: Terms) -> Measured:
    """Run an entrant for some steps by itself, on as many threads as its runs will have."""
    with threads_set(terms.threads):
        found = pace(
            facts.task, rule=entry.found, hypers=entry.default, batch=batch_of(entry, terms)
        )
    return Measured(
        found.seconds_per_step,
        found.seconds_per_evaluation,
        found.steps_per_epoch,
        found.state_bytes,
    )


WORKER = 350 * 2**20  # bytes of a process that has imported torch, before any model


def plan(
    facts: Facts,
    entrants: Sequence[Entry],
    measured: Mapping[str, Measured],
    terms: Terms,
    workers: int,
) -> Plan:
    """Say what a race will run and how long it takes."""
    each = sum(terms.runs().values())
    seconds = sum(measured[entry.key].seconds(terms.epochs) for entry in entrants) * each
    samples = len(facts.data.train)
    state = max(measured[entry.key].state_bytes for entry in entrants)
    data = sum(
        tensor.numel() * tensor.element_size()
        for part in (facts.data.train, facts.data.validation, facts.data.test)
        for tensor in (part.inputs, part.targets)
    )
    return Plan(
        terms,
        runs=each * len(entrants),
        gradient_evaluations=each * len(entrants) * terms.epochs * samples,
        seconds=seconds / max(1, workers),
        memory=max(1, workers) * (WORKER + data + 8 * facts.parameters + state),
        workers=workers,
    )


def fit(
    facts: Facts,
    entrants: Sequence[Entry],
    measured: Mapping[str, Measured],
    terms: Terms,
    workers: int,
    minutes: float,
) -> Plan:
    """The largest plan that fits into some minutes: fewer points first, then fewer seeds.

    Raises:
        ValueError: not even the smallest does.
    """
    if not minutes > 0:
        raise ValueError(f"minutes={minutes!r} is not above 0; 10 is usual")
    tried = None
    for points in _halved(terms.points):
        for seeds in range(terms.seeds, LEAST_SEEDS - 1, -1):
            smaller = replace(terms, points=points, seeds=seeds)
            tried = plan(facts, entrants, measured, smaller, workers)
            if tried.seconds <= 60 * minutes:
                return tried
    assert tried is not None
    raise ValueError(
        f"{minutes:g} minutes are too few: {tried.terms.points} points and {LEAST_SEEDS} seeds of "
        f"{len(entrants)} rules take about {tried.seconds / 60:.2g}; give more minutes, fewer "
        "epochs or fewer rules"
    )


def _halved(points: int) -> list[int]:
    """Numbers of points to try: halves of what was asked, down to 4."""
    found = [points]
    while found[-1] > 4:
        found.append(max(4, found[-1] // 2))
    return found
