"""Findings: what a race's runs say, put together as a `Result`."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from thalweg.race import arrival, audit, facts, tuning, valley, verdict
from thalweg.race.code import code
from thalweg.race.paired import bootstrap
from thalweg.race.plan import AGAIN, ROUNDS, batch_of
from thalweg.race.referee import Race
from thalweg.race.result import (
    Audit,
    Charge,
    Curve,
    Entrant,
    Final,
    Result,
    Sensitivity,
    Span,
    Trial,
    Verdict,
)
from thalweg.race.search import Search
from thalweg.race.searched import last, searched
from thalweg.race.sensitivity import sensitivity
from thalweg.train.record import Epoch, Record

UNKNOWN = Span(math.nan, math.nan, math.nan)


def result(race: Race, *, called: str, reproduce: str, notes: Sequence[str]) -> Result:
    """Put together what was found; whatever is not finished is left out.

    Args:
        race: as the referee left it.
        called: how the task was called.
        reproduce: the command that gives it again.
        notes: what a reader must know.
    """
    known, done = race.facts, race.stage == "done"
    records = _finals(race)
    entrants = [
        _entrant(race, search, records.get(search.entry.key, [])) for search in race.searches
    ]
    ratios: list[float] = []
    if done:
        ratios = _arrive(race, entrants, records)
    audits = _audits(race, entrants, records) if done else []
    pairs = verdict.pairs(entrants, audits, known.higher, known.metric) if done else []
    stages = {
        stage: [
            sum(n for (_, at), n in race.progress.done.items() if at == stage),
            sum(n for (_, at), n in race.progress.planned.items() if at == stage),
        ]
        for stage in ("tune", "widen", "select", "final")
    }
    for stage, count in race.terms.runs().items():
        stages[stage][1] = max(stages[stage][1], count * len(entrants))
    stages = {stage: counts for stage, counts in stages.items() if counts[1]}
    said = [*notes, *(f"widened: {words}" for words in race.widened)]
    return Result(
        task=called,
        about=known.task.about,
        metric=known.metric,
        higher=known.higher,
        parameters=known.parameters,
        samples={name: len(getattr(known.data, name)) for name in ("train", "validation", "test")},
        epochs=race.terms.epochs,
        points=race.terms.points,
        seeds=race.terms.seeds,
        design=race.terms.design,
        stages=stages,
        entrants=entrants,
        pairs=pairs,
        audits=audits,
        verdict=verdict.judge(
            entrants, pairs, audits, metric=known.metric, higher=known.higher, task=known.task.name
        )
        if done
        else _unfinished(stages),
        ratios=ratios,
        reproduce=reproduce,
        environment={**facts.environment(race.terms.threads), "cores": str(os.cpu_count())},
        notes=said,
        valley=valley.walk(race.terms.design) if done else None,
    )


def _audits(race: Race, entrants: list[Entrant], records: dict[str, list[Record]]) -> list[Audit]:
    known, spent = race.facts, race.rounds == ROUNDS
    return audit.audits(entrants, records, known.metric, known.higher, spent=spent)


def _entrant(race: Race, search: Search, finals: list[Record]) -> Entrant:
    entry, terms, known = search.entry, race.terms, race.facts
    measured = race.measured[entry.key]
    chosen = search.chosen.hypers if search.chosen is not None else {}
    steps = terms.epochs * measured.steps_per_epoch
    batch = batch_of(entry, terms)
    shown = searched(search, race.results)
    ended = shown.trials
    made = [_final(race, search, r) for r in finals]
    runs = len(ended) + AGAIN * len(search.top) + len(made)
    evaluations = runs * terms.epochs * len(known.data.train)
    return Entrant(
        key=entry.key,
        label=entry.label,
        rule=entry.called,
        batch=batch,
        axes=shown.axes,
        default=facts.plain(entry.default),
        chosen=facts.plain(chosen),
        settings=facts.plain({**entry.found.defaults, **chosen}),
        code=code(entry.found, chosen, batch) if chosen or search.chosen else "",
        trials=ended,
        candidates=shown.candidates,
        finals=made,
        curves=_curves(finals, known.metric, measured.seconds_per_step, terms.epochs),
        cost=_cost(race, search, steps * measured.seconds_per_step),
        sensitivity=_sensitivity(race, search, ended),
        arrivals=[],
        profile=[],
        seconds_per_step=measured.seconds_per_step,
        steps=steps,
        state_bytes=measured.state_bytes,
        charge=Charge(runs, evaluations, runs * steps * measured.seconds_per_step),
        score=bootstrap([one.validation for one in made]) if made else UNKNOWN,
        test=bootstrap([one.test for one in made]) if made else UNKNOWN,
        gap=bootstrap([one.gap for one in made]) if made else UNKNOWN,
    )


def _finals(race: Race) -> dict[str, list[Record]]:
    """The final runs' records by entrant, on the seeds that all of them have run.

    Raises:
        ValueError: one failed, so that its seed can't be compared.
    """
    if race.stage not in ("final", "done"):
        return {search.entry.key: [] for search in race.searches}
    jobs = {search.entry.key: search.finals() for search in race.searches}
    together = list(zip(*jobs.values(), strict=True))
    there = [all(job.id in race.results for job in row) for row in together]
    found: dict[str, list[Record]] = {}
    for search in race.searches:
        mine = found.setdefault(search.entry.key, [])
        for job, ran in zip(jobs[search.entry.key], there, strict=True):
            if not ran:
                continue
            result = race.results[job.id]
            if isinstance(result, str):
                raise ValueError(
                    f"{search.entry.label}: the final run on seed {job.seed} failed: {result}"
                )
            mine.append(result)
    return found


def _unfinished(stages: Mapping[str, Sequence[int]]) -> Verdict:
    """What to say of a race that still goes on."""
    words = {"tune": "of tuning", "widen": "of widening", "select": "of the best again"}
    counts = [
        f"{done} of {planned} runs {words.get(stage, 'of the final')}"
        for stage, (done, planned) in stages.items()
    ]
    return Verdict(
        "unfinished", None, f"The race is not finished: {', '.join(counts)} are done.", ""
    )


def _final(race: Race, search: Search, record: Record) -> Final:
    name = race.facts.metric
    assert record.test is not None
    return Final(
        seed=record.seeds["init"],
        validation=float(record.history[record.best["epoch"]].validation[name]),
        test=float(record.test[name]),
        gap=float(record.gap[name]),
        last=last(record, name),
        best_epoch=int(record.best["epoch"]),
        status=record.status,
    )


def _curves(records: list[Record], metric: str, pace: float, epochs: int) -> list[Curve]:
    if not records:
        return []
    longest = max(records, key=lambda record: len(record.history)).history
    at = [line.epoch for line in longest]
    axes: dict[str, list[float]] = {
        "epochs": [float(e) for e in at],
        "steps": [float(line.step) for line in longest],
        "gradient_evaluations": [float(line.gradient_evaluations) for line in longest],
        "seconds": [line.step * pace for line in longest],
    }
    found: list[Curve] = []
    for name in dict.fromkeys((metric, "loss")):
        reads: dict[str, Callable[[Epoch], float]] = {
            "train": partial(_read, "train", name),
            "validation": partial(_read, "validation", name),
            "gap": partial(_gap, name),
        }
        for part, read in reads.items():
            values = [[read(line) for line in record.history] for record in records]
            low, middle, high = _quartiles(values, len(longest))
            found.append(Curve(part, name, **axes, low=low, middle=middle, high=high))
    return found


def _read(part: str, name: str, line: Epoch) -> float:
    return float(getattr(line, part)[name])


def _gap(name: str, line: Epoch) -> float:
    return float(line.train[name] - line.validation[name])


def _quartiles(values: list[list[float]], length: int) -> list[list[float | None]]:
    """The three quartiles at each epoch; None where most runs have ended or burst."""
    table = np.full((len(values), length), np.nan)
    for row, line in zip(table, values, strict=True):
        row[: len(line)] = line
    found: list[list[float | None]] = [[], [], []]
    for column in table.T:
        there = column[np.isfinite(column)]
        enough = 2 * len(there) > len(column)
        for quartile, share in zip(found, (0.25, 0.5, 0.75), strict=True):
            quartile.append(float(np.quantile(there, share)) if enough else None)
    return found


def _cost(race: Race, search: Search, seconds: float) -> Any:
    """Of the points of the design: the default is no random draw, nor is a wider range's point."""
    drawn = [p for p in search.points if p.number > 0 and not p.wider]
    if len(drawn) < 2 or any(p.job.id not in race.results for p in drawn):
        return None
    scores = [search.score(race.results[p.job.id]) for p in drawn]
    fresh = [race.facts.initial(p.job.seed)[race.facts.metric] for p in drawn]
    there = [score for score in scores if score is not None]
    worst = (min if race.facts.higher else max)([*there, *fresh])
    return tuning.tuning_cost(scores, worst, higher=race.facts.higher, seconds=seconds)


def _sensitivity(race: Race, search: Search, trials: list[Trial]) -> Sensitivity | None:
    placed = [trial for trial in trials if trial.lr is not None]
    if len(placed) < 4 or all(trial.score is None for trial in placed):
        return None
    start = median(race.facts.initial(t.seed)[race.facts.metric] for t in placed)
    return sensitivity(
        [trial.lr for trial in placed if trial.lr is not None],
        [trial.score for trial in placed],
        start,
        higher=race.facts.higher,
        metric=race.facts.metric,
    )


def _arrive(race: Race, entrants: list[Entrant], records: dict[str, list[Record]]) -> list[float]:
    """Fill in when the targets were reached, and the profiles; the axis of these."""
    known = race.facts
    best = (max if known.higher else min)(entrants, key=lambda one: one.score.value)
    start = median(known.initial(final.seed)[known.metric] for final in best.finals)
    targets = arrival.ladder(start, [final.validation for final in best.finals])
    times: list[list[float]] = []
    for one in entrants:
        course = arrival.Course(
            race.terms.epochs,
            one.steps,
            race.terms.epochs * len(known.data.train),
            one.seconds_per_step,
        )
        runs = records[one.key]
        one.arrivals = arrival.arrivals(runs, known.metric, targets, known.higher, course)
        times.append(
            [
                hit
                for target in targets
                for hit in arrival.hits(
                    runs, known.metric, target, known.higher, course, "gradient_evaluations"
                )
            ]
        )
    ratios, shares = arrival.profile(np.array(times))
    for one, share in zip(entrants, shares, strict=True):
        one.profile = share
    return ratios
