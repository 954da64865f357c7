"""The referee: the stages of a race in their order, the same terms for everyone.

    tune      every entrant's points, one seed each, the seeds shared between entrants
    select    the best three of each again, on three fresh seeds
    widen     if asked: more points for everyone, beyond the edge where somebody's best lies, and
              the best three again, until nobody's lies at one
    final     the chosen settings on new seeds, the same for all; the test part is opened

Every stage's jobs follow from the results before it and from nothing else, so the same race on the
same ledger takes up where it was, whatever happened in between.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from thalweg.race.edge import boundary
from thalweg.race.entry import Entry
from thalweg.race.executors import Executor
from thalweg.race.facts import Facts
from thalweg.race.job import Job
from thalweg.race.ledger import Ledger
from thalweg.race.plan import ROUNDS, Measured, Terms
from thalweg.race.running import Progress, Runner
from thalweg.race.search import Search
from thalweg.race.searched import searched
from thalweg.train.record import Record

KNOWN = 0.1  # of all runs; with fewer done, the plan knows better how long the rest takes


@dataclass
class Race:
    """A race while it goes on, and what is known of it when it has ended.

    Attributes:
        facts: the task.
        terms: what was asked.
        searches: one for each entrant, in order.
        measured: seconds and bytes of each, by key.
        results: by the job's id: a record, or why it failed.
        widened: what was widened, in words.
        rounds: how often.
        stage: how far it came; "done" if all is run.
    """

    facts: Facts
    terms: Terms
    searches: list[Search]
    measured: Mapping[str, Measured]
    results: Mapping[str, Record | str] = field(default_factory=dict[str, Record | str])
    widened: list[str] = field(default_factory=list[str])
    rounds: int = 0
    stage: str = "tune"
    progress: Progress = field(default_factory=Progress)


class Referee:
    """Runs the stages.

    Args:
        facts: the task, looked over.
        entrants: who runs.
        terms: on what terms.
        measured: seconds and bytes of each entrant, by key.
        ledger: where results are and go.
        executor: who runs the jobs; None only looks at what is there.
        alone: the keys of those whose runs can't be batched.
        keep: the folder for checkpoints of runs that go on.
        expected: seconds that all of it was planned to take.
        on_progress: called after every result, and whenever a stage begins.

    Raises:
        ValueError: a range that is empty or out of bounds.
    """

    def __init__(
        self,
        facts: Facts,
        entrants: Sequence[Entry],
        terms: Terms,
        measured: Mapping[str, Measured],
        ledger: Ledger,
        executor: Executor | None,
        *,
        alone: Collection[str] = (),
        keep: Path | None = None,
        expected: float | None = None,
        on_progress: Callable[[Progress], object] = lambda progress: None,
    ) -> None:
        searches = [
            Search.of(entry, terms, facts, many=terms.many and entry.key not in alone)
            for entry in entrants
        ]
        self.race = Race(facts, terms, searches, measured)
        self._runner = Runner(ledger, executor, self._on_result, keep)
        self.race.results = self._runner.results
        self._on_progress = on_progress
        self._whose: dict[str, list[tuple[str, str]]] = {}
        self._expected = expected
        self._begun, self._run = time.monotonic(), 0

    def go(self) -> Race:
        """Run what is left of the race.

        Returns:
            The race: at stage "done", or without an executor wherever results end.

        Raises:
            ValueError: nothing of an entrant's search went well, or the ledger can't be written.
        """
        race = self.race
        for stage in (self._tune, self._select, self._widen, self._final):
            race.stage = stage.__name__.strip("_")
            if not stage():
                return race
        race.stage = "done"
        return race

    def _tune(self) -> bool:
        race, points = self.race, self.race.terms.points
        if points == 1:
            for search in race.searches:
                search.draw(1)
                search.chosen = search.points[0]
            return True
        first = max(2, points // 2)
        if not self._finish("tune", [search.draw(first) for search in race.searches]):
            return False
        rest = [s.draw(points - first, s.expectation(race.results)) for s in race.searches]
        return self._finish("tune", rest)

    def _widen(self) -> bool:
        race = self.race
        while race.terms.widen and race.terms.points > 1 and race.rounds < ROUNDS:
            shown = [(search, searched(search, race.results)) for search in race.searches]
            edges = [(search, boundary(found, race.facts.higher)) for search, found in shown]
            said = [words for search, at in edges for words in search.widen(at)]
            if not said:
                break
            race.widened += said
            race.rounds += 1
            extra = race.terms.extra
            more = [s.draw(extra, s.expectation(race.results), wider=True) for s in race.searches]
            if not (self._finish("widen", more) and self._select()):
                return False
        return True

    def _select(self) -> bool:
        race = self.race
        if race.terms.points == 1:
            return True
        if not self._finish("select", [s.look_again(race.results) for s in race.searches]):
            return False
        for search in race.searches:
            search.choose(race.results)
        return True

    def _final(self) -> bool:
        return self._finish("final", [search.finals() for search in self.race.searches])

    def _finish(self, stage: str, groups: list[list[Job]]) -> bool:
        progress = self.race.progress
        progress.stage = stage
        for search, jobs in zip(self.race.searches, groups, strict=True):
            place = (search.entry.key, stage)
            # Those that were the best before a range was widened stand here a second time.
            new = [job for job in jobs if place not in self._whose.get(job.id, [])]
            progress.planned[place] = progress.planned.get(place, 0) + len(new)
            for job in new:
                self._whose.setdefault(job.id, []).append(place)
        self._tell()
        return self._runner.finish(groups)

    def _on_result(self, job: Job, result: Record | str, fresh: bool) -> None:
        race, progress = self.race, self.race.progress
        for place in self._whose[job.id]:
            key, stage = place
            progress.done[place] = progress.done.get(place, 0) + 1
            search = next(s for s in race.searches if s.entry.key == key)
            score = search.score(result) if stage != "final" else None
            if score is not None:
                best = max if race.facts.higher else min
                progress.best[key] = best(score, progress.best.get(key, score))
        self._run += fresh
        self._tell()

    def _tell(self) -> None:
        progress = self.race.progress
        progress.elapsed = time.monotonic() - self._begun
        progress.left = self._left()
        self._on_progress(progress)

    def _left(self) -> float | None:
        """Seconds that the rest will take: as planned, and after a while as it went."""
        race, progress = self.race, self.race.progress
        runs = race.terms.runs()
        done = sum(progress.done.values())
        planned = sum(
            max(count, progress.planned.get((search.entry.key, stage), 0))
            for search in race.searches
            for stage, count in runs.items()
        )
        left = max(0, planned - done)
        if self._run < KNOWN * planned:  # workers are starting, kernels are being compiled
            return self._expected and self._expected * left / planned
        return progress.elapsed / self._run * left
