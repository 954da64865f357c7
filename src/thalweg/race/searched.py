"""What a search has found so far, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping

from thalweg.race import facts
from thalweg.race.edge import Searched
from thalweg.race.result import Axis, Candidate, Trial
from thalweg.race.search import Point, Search
from thalweg.train.record import Record

Results = Mapping[str, Record | str]


def searched(search: Search, results: Results) -> Searched:
    """What a search has found; whatever is not finished is left out.

    Args:
        search: whose.
        results: by the job's id: a record, or why it failed.
    """
    if search.terms.points == 1:  # the default alone is no search
        return Searched([], [], [])
    axes = [Axis(w.name, w.low, w.high, w.says, [*w.closed]) for w in search.whole]
    trials = [_trial(search, results, point) for point in search.points]
    return Searched(axes, [one for one in trials if one is not None], _candidates(search, results))


def last(record: Record | str, name: str) -> float:
    """A metric on validation at the last epoch; NaN for a run that failed."""
    return math.nan if isinstance(record, str) else float(record.history[-1].validation[name])


def _trial(search: Search, results: Results, point: Point) -> Trial | None:
    found = results.get(point.job.id)
    if found is None:
        return None
    status = "failed" if isinstance(found, str) else found.status
    return Trial(
        point.number,
        facts.plain(point.hypers),
        point.walked.get("lr"),
        "finished" if status == "stopped early" else status,
        search.score(found),
        point.job.seed,
        point.wider,
        dict(point.walked),
    )


def _candidates(search: Search, results: Results) -> list[Candidate]:
    found: list[Candidate] = []
    for point in search.top:
        jobs = search.again(point)
        if all(job.id in results for job in jobs):
            ended = [results[job.id] for job in jobs]
            found.append(
                Candidate(
                    point.number,
                    facts.plain(point.hypers),
                    [search.score_or_fresh(j, r) for j, r in zip(jobs, ended, strict=True)],
                    [last(r, search.facts.metric) for r in ended],
                )
            )
    return found
