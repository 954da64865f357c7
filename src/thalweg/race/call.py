"""One call: a race from what is asked to what was found."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from thalweg import tasks
from thalweg.race import facts as looking
from thalweg.race import findings, own, plan
from thalweg.race.batchable import why_not
from thalweg.race.code import place
from thalweg.race.database import FILE
from thalweg.race.entry import Entry, entries
from thalweg.race.executors import Executor, executor
from thalweg.race.facts import Facts
from thalweg.race.ledger import Ledger
from thalweg.race.listing import names
from thalweg.race.own import Given
from thalweg.race.plan import Measured, Plan, Terms
from thalweg.race.referee import Referee
from thalweg.race.reference import Reference
from thalweg.race.result import Result
from thalweg.race.running import Progress
from thalweg.race.signed_rank import fewest_seeds
from thalweg.race.space import Range
from thalweg.tasks.task import Task


def race(
    task: Task | str,
    rules: Sequence[Given | Entry] = ("gradient-descent", "sgd", "momentum", "adam"),
    *,
    points: int = 16,
    seeds: int = 10,
    epochs: int | None = None,
    batch: int | Literal["task"] = "task",
    budget: float | None = None,
    design: int = 0,
    widen: bool = False,
    stated: Mapping[str, Mapping[str, Any]] | None = None,
    ranges: Mapping[str, Mapping[str, Range]] | None = None,
    out: str | Path | None = None,
    on: str = "processes",
    workers: int | None = None,
    batched: bool = True,
    collect: bool = False,
    on_plan: Callable[[Plan], object] | None = None,
    on_progress: Callable[[Progress], object] | None = None,
) -> Result:
    """Find out which rule trains a task's model best, each tuned with the same effort.

    Every rule gets the same number of points, at the same quantiles of its own ranges; the best
    three of each run again on fresh seeds; the winner of each runs on new seeds that are the same
    for all, and only then is the test part opened. The verdict may be a tie. Started again on the
    same folder, a race goes on where it was, however it ended, and nothing is run twice.

    Args:
        task: a task, or its name as `thalweg.tasks.find` takes it.
        rules: names of rules, of `thalweg.race.KNOWN` settings, or entries; "other=adam" calls
            a rule by another name. A rule of one's own is its function, or `file.py:name`; a
            modified one is `thalweg.cautious("lion")`.
        points: trials of each, the published default among them; 1 skips the search.
        seeds: of the final.
        epochs: passes over the training data of each run; None is the task's usual number.
        batch: samples a step, but for those that see all data at each.
        budget: minutes that all of it may take; points and seeds are cut until it fits.
        design: the seed of the points, from which all other seeds follow.
        widen: give everyone half as many points again where somebody's best lies at an edge.
        stated: hyper-parameters by rule that are not searched; values may be schedules.
        ranges: where to search, by rule and hyper-parameter.
        out: the race's folder, with its ledger and reports; None keeps nothing.
        on: "processes", "here" (this process alone), "ray", or a "ray://..." address.
        workers: how many runs at once; None is one for each core.
        batched: run small models many at once, where the model allows it.
        collect: run nothing, report what the ledger in `out` has; another race may be writing it.
        on_plan: called with the plan before anything is run.
        on_progress: called whenever something has happened.

    Returns:
        What was found; its verdict is "unfinished" where results are missing.

    Raises:
        ValueError: an argument, the task, the folder or the ledger is not what it must be; one
            line says what, and nothing on disk is lost.
        TypeError: an unknown hyper-parameter.

    Example:
        >>> import thalweg
        >>> found = thalweg.race("bowl", ["sgd", "adam"], points=4, seeds=6, epochs=3, on="here")
        >>> found.verdict.kind in ("better", "tie", "under-tuned")
        True
    """
    called = task if isinstance(task, str) else task.name
    entrants = entries(rules, stated, ranges)
    asked, task = task, tasks.find(task) if isinstance(task, str) else task
    terms = Terms(
        points=points,
        seeds=seeds,
        epochs=task.epochs if epochs is None else epochs,
        batch=task.batch if batch == "task" else batch,
        design=design,
        widen=widen,
        many=batched,
    )
    if collect and out is None:
        raise ValueError("collect needs the folder of a race; say which, as in out='runs/race'")
    with ExitStack() as stack:
        stack.enter_context(looking.threads_set(terms.threads))
        known = looking.look_over(task)
        alone = _alone(known, entrants, terms)
        folder = Path(out or stack.enter_context(tempfile.TemporaryDirectory(prefix="thalweg-")))
        ledger = stack.enter_context(Ledger.open(folder / FILE, write=not collect))
        _same_task(ledger, known, folder, write=not collect)
        measured = _measured(ledger, known, entrants, terms, write=not collect)
        keep = _keep(folder, on, measured, terms) if out is not None and not collect else None
        reference = Reference.of(asked, [entry.found for entry in entrants], keep)
        made = None if collect else stack.enter_context(executor(on, reference, workers))
        planned = _plan(known, entrants, measured, terms, budget, ledger, made)
        referee = Referee(
            known,
            entrants,
            planned.terms,
            measured,
            ledger,
            made,
            alone=alone,
            keep=keep,
            expected=planned.seconds,
            on_progress=on_progress or (lambda progress: None),
        )
        if on_plan is not None:
            on_plan(planned)
        found = findings.result(
            referee.go(),
            called=called,
            reproduce=command(called, rules, planned.terms, stated, ranges),
            notes=[*_notes(entrants, alone, planned.terms), *_unsaid(rules)],
        )
        if out is not None and not collect:
            found.write(folder)
        if keep is not None:
            shutil.rmtree(keep, ignore_errors=True)
    return found


def _alone(known: Facts, entrants: Sequence[Entry], terms: Terms) -> dict[str, str]:
    """Who can't run as one batched model, by key, and why."""
    if not terms.many:
        return {}
    sizes = {plan.batch_of(entry, terms) for entry in entrants}
    found = {size: why_not(known.task, known.data, size) for size in sizes}
    whys = {entry.key: found[plan.batch_of(entry, terms)] for entry in entrants}
    return {key: why for key, why in whys.items() if why is not None}


def _keep(folder: Path, on: str, measured: Mapping[str, Measured], terms: Terms) -> Path | None:
    """Where runs keep checkpoints, if one is so long, and the workers see this machine's disk."""
    longest = max(one.seconds(terms.epochs) for one in measured.values())
    here = on in ("here", "processes", "ray")
    return (folder / "running").resolve() if here and longest > plan.LONG else None


def _notes(entrants: Sequence[Entry], alone: Mapping[str, str], terms: Terms) -> list[str]:
    """Why runs were not batched, and whether there are seeds enough for any verdict."""
    found: list[str] = []
    pairs = len(entrants) * (len(entrants) - 1) // 2
    if terms.seeds < (least := fewest_seeds(max(1, pairs))):
        found.append(
            f"With {pairs} pairs to compare, no difference however large can win on {terms.seeds} "
            f"seeds: {least} are the least."
        )
    for why in dict.fromkeys(alone.values()):
        labels = [entry.label for entry in entrants if alone.get(entry.key) == why]
        said = "Runs" if len(labels) == len(entrants) else f"Runs of {', '.join(labels)}"
        found.append(f"{said} were not batched: {why}.")
    return found


def _same_task(ledger: Ledger, known: Facts, folder: Path, *, write: bool) -> None:
    """Refuse a folder that holds the race of another task."""
    then = ledger.get("task")
    now = {"name": known.task.name, "fingerprint": known.fingerprint}
    if then is None:
        if write:
            ledger.set("task", now)
    elif then["name"] != now["name"]:
        raise ValueError(
            f"{folder}: holds a race of {then['name']}, not of {now['name']}; choose another folder"
        )
    elif then != now:
        raise ValueError(
            f"{folder}: {now['name']} has changed since this race began (its data, model, loss or "
            "metrics), so that results can't be compared; choose another folder"
        )


def _measured(
    ledger: Ledger, known: Facts, entrants: Sequence[Entry], terms: Terms, *, write: bool
) -> dict[str, Measured]:
    """Seconds and bytes of each entrant, measured once a ledger."""
    found: dict[str, Measured] = {}
    for entry in entrants:
        batch = plan.batch_of(entry, terms)
        said = json.dumps([entry.called, looking.plain(entry.default), batch], sort_keys=True)
        name = f"pace {said}"
        then = ledger.get(name)
        if then is None:
            looking.check_repeats(known.task, entry, batch, seed=terms.design)
            one = plan.measure(known, entry, terms)
            if write:
                ledger.set(name, asdict(one))
        else:
            one = Measured(**then)
        found[entry.key] = one
    return found


def _plan(
    known: Facts,
    entrants: Sequence[Entry],
    measured: Mapping[str, Measured],
    terms: Terms,
    budget: float | None,
    ledger: Ledger,
    made: Executor | None,
) -> Plan:
    """The plan; one that was cut to fit some minutes stays as it was when the race is resumed."""
    workers = 1 if made is None else made.size
    if budget is None:
        return plan.plan(known, entrants, measured, terms, workers)
    name = f"fitted {json.dumps([asdict(terms), budget], sort_keys=True)}"
    then = ledger.get(name)
    if then is not None:
        return plan.plan(known, entrants, measured, Terms(**then), workers)
    found = plan.fit(known, entrants, measured, terms, workers, budget)
    if made is not None:
        ledger.set(name, asdict(found.terms))
    return found


def command(
    called: str,
    rules: Sequence[Given | Entry],
    terms: Terms,
    stated: Mapping[str, Mapping[str, Any]] | None,
    ranges: Mapping[str, Mapping[str, Range]] | None,
) -> str:
    """The command that runs the same race again."""
    import shlex

    parts = ["thalweg", "race", called, "--rules", ",".join(spoken(one) for one in rules)]
    parts += ["--points", str(terms.points), "--seeds", str(terms.seeds)]
    parts += ["--epochs", str(terms.epochs), "--batch", str(terms.batch)]
    for name, given in (stated or {}).items():
        parts += [x for hyper, v in given.items() for x in ("--set", f"{name}.{hyper}={v!r}")]
    for name, spans in (ranges or {}).items():
        parts += [x for h, (a, b) in spans.items() for x in ("--range", f"{name}.{h}={a:g}:{b:g}")]
    parts += ["--design", str(terms.design)] if terms.design else []
    parts += ["--widen"] if terms.widen else []
    parts += [] if terms.many else ["--one-by-one"]
    return shlex.join(parts)


def spoken(one: Given | Entry) -> str:
    """A contestant as the command line would have it, as far as it can."""
    if isinstance(one, str):
        return one
    if isinstance(one, Entry):
        return one.key
    found = own.find(one)
    return place(found) or found.name


def _unsaid(rules: Sequence[Given | Entry]) -> list[str]:
    """Whom the command can't name."""
    given = [own.find(one) for one in rules if not isinstance(one, str | Entry)]
    lost = [rule.title for rule in given if place(rule) is None]
    if not lost:
        return []
    return [
        f"The command to repeat it can't name {names(lost)}, given as code; put it into a "
        "file and race file.py:name."
    ]
