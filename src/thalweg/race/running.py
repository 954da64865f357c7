"""Running jobs: what the ledger has not yet goes to the workers, what they find goes to the ledger.

The referee alone writes. A run that is lost with its worker is run again; one that fails is a fact.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from thalweg.race.executors import Executor, Failure, Work
from thalweg.race.job import Job
from thalweg.race.ledger import Ledger
from thalweg.train.record import Record

LEASE = 3600.0  # seconds; a lease says whose a job is, the workers' own ends say that it is lost
LANES = 32  # runs of a batched model at most


@dataclass
class Progress:
    """How far a race is.

    Attributes:
        stage: "tune", "widen", "select" or "final".
        done: runs of each entrant and stage, by (key, stage).
        planned: of each.
        best: the best score on validation so far, by key.
        elapsed: seconds since the race was begun or resumed.
        left: expected seconds; None before anything is known.
    """

    stage: str = "tune"
    done: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    planned: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    best: dict[str, float] = field(default_factory=dict[str, float])
    elapsed: float = 0.0
    left: float | None = None


class Runner:
    """Runs jobs through an executor and keeps the ledger.

    Args:
        ledger: where results are and go.
        executor: who runs; None only looks at what is there.
        on_result: called with each job, what came of it, and whether it has just been run.
        keep: the folder for checkpoints of runs that go on.
    """

    def __init__(
        self,
        ledger: Ledger,
        executor: Executor | None,
        on_result: Callable[[Job, Record | str, bool], object],
        keep: Path | None = None,
    ) -> None:
        self.results: dict[str, Record | str] = {}
        self._ledger, self._executor, self._on_result = ledger, executor, on_result
        self._keep = keep

    def finish(self, groups: Sequence[Sequence[Job]]) -> bool:
        """Run all jobs that have no result yet.

        Args:
            groups: jobs that may run as one batched model stand together.

        Returns:
            Whether all have a result now; always, with an executor.
        """
        self._take([job for group in groups for job in group], fresh=False)
        waiting = self._works(groups)
        if self._executor is None or not waiting:
            return not waiting
        self._ledger.add(job for work in waiting for job in work.jobs)
        running = 0
        while waiting or running:
            while waiting and running < self._executor.size:
                work = waiting.pop(0)
                # Some may be done: they run along, so that a batch has always the same neighbours.
                self._ledger.begin([job.id for job in work.jobs], "worker", LEASE)
                self._executor.submit(work)
                running += 1
            for work, found in self._executor.wait(1.0):
                running -= 1
                if not self._write(work, found):
                    waiting.append(work)
        return True

    def _take(self, jobs: Sequence[Job], *, fresh: bool) -> None:
        """Read what the ledger has."""
        missing = [job for job in jobs if job.id not in self.results]
        ids = [job.id for job in missing]
        there: dict[str, Record | str] = {**self._ledger.failures(ids), **self._ledger.results(ids)}
        for job in missing:
            if job.id in there:
                self.results[job.id] = there[job.id]
                self._on_result(job, there[job.id], fresh)

    def _works(self, groups: Sequence[Sequence[Job]]) -> list[Work]:
        """The groups in pieces; always the same, so that a batched run has the same neighbours."""
        seen: set[str] = set()  # two entrants at the same settings are one job
        works: list[Work] = []
        for group in groups:
            jobs = list({job.id: job for job in group if job.id not in seen}.values())
            seen |= {job.id for job in jobs}
            size = LANES if jobs and jobs[0].many else 1
            works += [Work(tuple(jobs[i : i + size])) for i in range(0, len(jobs), size)]
        return [w for w in works if any(job.id not in self.results for job in w.jobs)]

    def _write(self, work: Work, found: list[Record] | Failure) -> bool:
        """Write down what came of some work; False if it must be run again."""
        ids = [job.id for job in work.jobs]
        new = [id_ for id_ in ids if id_ not in self.results]
        if isinstance(found, Failure):
            for id_ in new:
                (self._ledger.lose if found.kind == "lost" else self._ledger.fail)(
                    id_, found.reason
                )
        else:
            records = dict(zip(ids, found, strict=True))
            self._ledger.done({id_: records[id_] for id_ in new})
        self._take(work.jobs, fresh=True)
        done = [id_ for id_ in new if id_ in self.results]  # what was lost goes on from there
        if self._keep is not None:
            for id_ in done:
                shutil.rmtree(self._keep / id_, ignore_errors=True)
        return all(id_ in self.results for id_ in ids)
