"""The search of one entrant: its points, its best ones run again, and the one that is chosen.

Trials are stopped only against the same entrant's own: the first half of the points runs freely,
and shows the second half what to expect at each epoch. So what stops a run is fixed before it
begins, whatever the order in which runs end, and a race gives the same numbers on any number of
workers, killed or not.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from thalweg.race import design, space
from thalweg.race.edge import Edge
from thalweg.race.entry import Entry
from thalweg.race.facts import Facts, code_of, plain
from thalweg.race.job import Job
from thalweg.race.plan import AGAIN, TOP, Terms, batch_of
from thalweg.race.space import Walk
from thalweg.train.record import Record

BLOWN = 1.5  # a validation loss so many times that of fresh weights is hopeless, ...
BEGUN = 0.1  # ... after this share of the epochs, for a warm-up may rise before it falls
JUDGED = 1 / 3  # from this share on, a trial is held against the entrant's own others:
QUARTILE = 0.75  # hopeless is what is worse than this share of them ...
DEVIATIONS = 3.0  # ... by more than so many median absolute deviations
ENOUGH = 4  # trials to hold another against


@dataclass(frozen=True)
class Point:
    """One point of a search.

    Attributes:
        number: 0 is the published default.
        hypers: what was set.
        walked: where it lies, by the name of each axis.
        job: its trial.
        wider: added when a range was widened.
    """

    number: int
    hypers: Mapping[str, Any]
    walked: Mapping[str, float]
    job: Job
    wider: bool = False


@dataclass
class Search:
    """What one entrant tries.

    Attributes:
        entry: who.
        terms: what was asked of the race.
        facts: the task.
        walks: the axes, as the next points are drawn from them.
        whole: the axes with all that they were widened by.
        many: whether its jobs run as a batched model.
        points: so far.
        top: those that were run again: the best three, and the best three of each widening.
        chosen: the best of these on fresh seeds.
        drawn: rows of the design that were used.
        code: the fingerprint of what computes.
    """

    entry: Entry
    terms: Terms
    facts: Facts
    walks: list[Walk]
    whole: list[Walk]
    many: bool
    points: list[Point] = field(default_factory=list)
    top: list[Point] = field(default_factory=list)
    chosen: Point | None = None
    drawn: int = 0
    code: str = ""

    @classmethod
    def of(cls, entry: Entry, terms: Terms, facts: Facts, *, many: bool) -> Search:
        """A search that has not begun.

        Args:
            entry: who.
            terms: what was asked of the race.
            facts: the task.
            many: run its jobs as a batched model.

        Raises:
            ValueError: a range that is empty or out of bounds.
        """
        walks = space.walks(
            entry.found, entry.values, terms.points, stated=entry.hypers, ranges=entry.ranges
        )
        code = code_of(entry.found, terms.threads)
        return cls(entry, terms, facts, walks, list(walks), many, code=code)

    def job(self, hypers: Mapping[str, Any], seed: int, **more: Any) -> Job:
        """A run of these settings."""
        return Job(
            task=self.facts.fingerprint,
            rule=self.entry.called,
            code=self.code,
            hypers=plain(hypers),
            batch=batch_of(self.entry, self.terms),
            epochs=self.terms.epochs,
            seed=seed,
            many=self.many,
            **more,
        )

    def draw(
        self, count: int, limit: Sequence[float | None] = (), wider: bool = False
    ) -> list[Job]:
        """The trials of the next points; the very first one is the default."""
        new: list[tuple[Mapping[str, Any], dict[Walk, float]]] = []
        if not self.points and count:
            begins = self.entry.default
            rule = self.entry.found
            new.append((begins, {w: space.place(rule, begins, w) for w in self.walks}))
        seed = self.terms.design + 1_000_003 * self.entry.draw
        rows = design.rows(seed, count - len(new), start=self.drawn)
        self.drawn += len(rows)
        for row in rows:
            walked = space.quantiles(self.walks, row)
            new.append((space.settings(self.entry.found, self.entry.default, walked), walked))
        for hypers, walked in new:
            number = len(self.points)
            seed = design.tuning_seed(self.terms.design, number)
            bound = tuple(self._limit(limit, seed))
            job = self.job(hypers, seed, limit=bound)
            by_name = {walk.name: value for walk, value in walked.items()}
            self.points.append(Point(number, hypers, by_name, job, wider))
        return [point.job for point in self.points[-len(new) :]] if new else []

    def _limit(self, limit: Sequence[float | None], seed: int) -> list[float | None]:
        """The loss above which a trial is hopeless, after each epoch."""
        epochs = self.terms.epochs
        initial = self.facts.initial(seed)["loss"]
        found: list[float | None] = [None] * (epochs + 1)
        for epoch in range(epochs + 1):
            bounds = [limit[epoch]] if limit else []
            if epoch >= max(1, BEGUN * epochs) and initial > 0:
                bounds.append(BLOWN * initial)
            given = [bound for bound in bounds if bound is not None]
            found[epoch] = min(given) if given else None
        return found

    def expectation(self, results: Mapping[str, Record | str]) -> list[float | None]:
        """After each epoch, the validation loss that no later trial should exceed."""
        records = [results[point.job.id] for point in self.points]
        found: list[float | None] = []
        for epoch in range(self.terms.epochs + 1):
            losses = [_loss(record, epoch) for record in records]
            there = [loss for loss in losses if math.isfinite(loss)]
            early = epoch < max(1, JUDGED * self.terms.epochs)
            found.append(None if early or len(there) < ENOUGH else _bound(there))
        return found

    def score(self, result: Record | str) -> float | None:
        """The metric at the best epoch on validation; None for a run that went wrong."""
        if isinstance(result, str) or result.status not in ("finished", "stopped early"):
            return None
        value = float(result.best["value"])
        return value if math.isfinite(value) else None

    def ranked(self, results: Mapping[str, Record | str]) -> list[Point]:
        """The points that went well, best first; the earlier of equals first."""
        scored = [(self.score(results[point.job.id]), point) for point in self.points]
        there = [(score, point) for score, point in scored if score is not None]
        sign = -1 if self.facts.higher else 1
        return [point for _, point in sorted(there, key=lambda s: (sign * s[0], s[1].number))]

    def look_again(self, results: Mapping[str, Record | str]) -> list[Job]:
        """The best trials on fresh seeds.

        Raises:
            ValueError: no trial went well, so there is nothing to choose from.
        """
        ranked = self.ranked(results)
        if not ranked:
            raise ValueError(f"{self.entry.label}: {self._why_none(results)}")
        self.top += [point for point in ranked[:TOP] if point not in self.top]
        return [job for point in self.top for job in self.again(point)]

    def widen(self, edges: Sequence[Edge]) -> list[str]:
        """Move each axis at whose edge the best point lies to the tenfold beyond it.

        Args:
            edges: where it lies; see `edge.boundary`.

        Returns:
            What was widened, in words; nothing where the rule's own range ends.
        """
        said: list[str] = []
        for edge in edges:
            place = next(i for i, walk in enumerate(self.whole) if walk.name == edge.axis)
            if edge.closed:
                continue
            self.walks[place] = new = self.whole[place].beyond(edge.side)
            self.whole[place] = self.whole[place].joined(new)
            said.append(f"{self.entry.label}: {new.says} from {new.low:.2g} to {new.high:.2g}")
        return said

    def again(self, point: Point) -> list[Job]:
        """A trial on fresh seeds."""
        seeds = [design.selecting_seed(self.terms.design, turn) for turn in range(AGAIN)]
        return [self.job(point.hypers, seed) for seed in seeds]

    def choose(self, results: Mapping[str, Record | str]) -> None:
        """Choose by the mean on the fresh seeds, where a run that went wrong counts as fresh."""

        def mean(point: Point) -> float:
            scores = [self.score_or_fresh(job, results[job.id]) for job in self.again(point)]
            return statistics.fmean(scores) * (-1 if self.facts.higher else 1)

        self.chosen = min(self.top, key=mean)

    def score_or_fresh(self, job: Job, result: Record | str) -> float:
        """The score of a run, or that of fresh weights if it went wrong."""
        score = self.score(result)
        return self.facts.initial(job.seed)[self.facts.metric] if score is None else score

    def finals(self) -> list[Job]:
        """The chosen settings on seeds that nothing was chosen by; the test part is opened."""
        assert self.chosen is not None
        seeds = [design.final_seed(self.terms.design, turn) for turn in range(self.terms.seeds)]
        return [self.job(self.chosen.hypers, seed, test=True) for seed in seeds]

    def _why_none(self, results: Mapping[str, Record | str]) -> str:
        found = [results[point.job.id] for point in self.points]
        failed = [result for result in found if isinstance(result, str)]
        if failed:
            return f"all {len(found)} trials failed, the first: {failed[0]}"
        return (
            f"all {len(found)} trials diverged or were hopeless; give its search a lower range of "
            "lr, or look for a fault in the task"
        )


def _loss(record: Record | str, epoch: int) -> float:
    if isinstance(record, str) or epoch >= len(record.history):
        return math.inf
    return record.history[epoch].validation["loss"]


def _bound(losses: Sequence[float]) -> float:
    middle = statistics.median(losses)
    deviation = statistics.median(abs(loss - middle) for loss in losses)
    ordered = sorted(losses)
    quartile = ordered[min(len(ordered) - 1, math.ceil(QUARTILE * len(ordered)) - 1)]
    return quartile + DEVIATIONS * deviation
