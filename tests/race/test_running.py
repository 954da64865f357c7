"""Jobs go to workers, results to the ledger, whatever becomes of the workers."""

import pytest

from thalweg.race.database import FILE
from thalweg.race.job import Job
from thalweg.race.ledger import LOSSES, Ledger
from thalweg.race.running import LANES, Runner
from thalweg.race.work import Failure, Work
from thalweg.train import Record


def job(number, **more):
    return Job("task", "sgd", "code", {"lr": 0.1}, batch=8, epochs=1, seed=number, **more)


class Crew:
    """Two workers who do as they are told."""

    size = 2

    def __init__(self, outcome):
        self.outcome, self.given, self.waiting = outcome, [], []

    def submit(self, work: Work):
        assert len(self.waiting) < self.size
        self.given.append(work)
        self.waiting.append(work)

    def wait(self, timeout=None):
        ended, self.waiting = self.waiting[:1], self.waiting[1:]
        return [(work, self.outcome(self, work)) for work in ended]


def records(crew, work):
    return [Record(str(one.seed), "sgd") for one in work.jobs]


def always(reason, kind):
    return lambda crew, work: Failure(kind, reason)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / FILE) as found:
        yield found


def runner(ledger, crew, seen=None):
    seen = [] if seen is None else seen
    return Runner(ledger, crew, lambda job, result, fresh: seen.append((job.seed, fresh)))


def test_all_are_run_once_and_written_down(ledger):
    crew, jobs = Crew(records), [job(n) for n in range(5)]
    found = runner(ledger, crew)
    assert found.finish([jobs[:3], jobs[3:]])
    assert [found.results[j.id].task for j in jobs] == ["0", "1", "2", "3", "4"]
    assert list(ledger.results([j.id for j in jobs])) == [j.id for j in jobs]
    assert len(crew.given) == 5


def test_what_the_ledger_has_is_not_run_again(ledger):
    jobs = [job(n) for n in range(3)]
    runner(ledger, Crew(records)).finish([jobs[:2]])
    crew, seen = Crew(records), []
    assert runner(ledger, crew, seen).finish([jobs])
    assert [work.jobs for work in crew.given] == [(jobs[2],)]
    assert seen == [(0, False), (1, False), (2, True)]


def test_the_same_job_of_two_entrants_is_one(ledger):
    crew = Crew(records)
    assert runner(ledger, crew).finish([[job(0), job(1)], [job(1), job(0)]])
    assert len(crew.given) == 2
    assert ledger.counts()["doubled"] == 0


def test_lost_work_is_run_again(ledger):
    def once(crew, work):
        lost = crew.given.count(work) == 1
        return Failure("lost", "killed") if lost else records(crew, work)

    crew = Crew(once)
    assert runner(ledger, crew).finish([[job(0), job(1)]])
    assert len(crew.given) == 4
    counts = ledger.counts()
    assert (counts["done"], counts["lost"], counts["doubled"]) == (2, 2, 0)


def test_a_job_that_takes_every_worker_along_is_given_up(ledger):
    crew = Crew(always("killed", "lost"))
    found = runner(ledger, crew)
    assert found.finish([[job(0)]])
    assert len(crew.given) == LOSSES
    assert "worker lost" in found.results[job(0).id]


def test_a_failure_is_a_result_and_not_tried_again(ledger):
    crew = Crew(always("no such thing", "failed"))
    assert runner(ledger, crew).finish([[job(0)]])
    again = runner(ledger, crew)
    assert again.finish([[job(0)]])
    assert again.results[job(0).id] == "no such thing"
    assert len(crew.given) == 1


def test_without_workers_it_says_what_is_missing(ledger):
    looking = runner(ledger, None)
    assert not looking.finish([[job(0)]])
    runner(ledger, Crew(records)).finish([[job(0)]])
    assert looking.finish([[job(0)]])


def test_a_batch_has_the_same_neighbours_when_it_is_run_again(ledger):
    jobs = [job(n, many=True) for n in range(LANES + 3)]
    whole = Crew(records)
    runner(ledger, whole).finish([jobs])
    assert [len(work.jobs) for work in whole.given] == [LANES, 3]
    crew = Crew(records)
    # One more than there was: the last piece is run whole, and only what is new is written.
    assert runner(ledger, crew).finish([[*jobs, job(99, many=True)]])
    assert [len(work.jobs) for work in crew.given] == [4]
    assert ledger.counts()["doubled"] == 0
