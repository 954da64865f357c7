"""The ledger: which jobs there are, how far each is, and every result, in one file.

The referee alone writes it. A job waits, runs under a lease, and is done or failed; if its worker
is lost it waits again. A result that `done` has returned for is on the disk, whatever is killed.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from thalweg.race import database
from thalweg.race.disk import check_local
from thalweg.race.job import Job
from thalweg.race.repair import repair
from thalweg.train.folder import locked
from thalweg.train.record import Record

State = Literal["waiting", "running", "done", "failed"]
STATES: tuple[State, ...] = ("waiting", "running", "done", "failed")
LOSSES = 3  # a job that takes so many workers along is given up


class Event(NamedTuple):
    """A change of a job's state; `was` is empty for a new job."""

    time: float
    id: str
    was: str
    became: str
    reason: str


class Ledger:
    """Made by `Ledger.open`.

    Example:
        >>> import tempfile
        >>> job = Job("line", "sgd", "1.0", {"lr": 0.1}, batch=8, epochs=3, seed=0)
        >>> with Ledger.open(Path(tempfile.mkdtemp()) / "race.db") as ledger:
        ...     ledger.add([job])
        ...     ledger.begin([job.id], worker="here", lease_seconds=60)
        ...     ledger.done({job.id: Record("line", "sgd")})
        ...     ledger.states() == {job.id: "done"}
        1
        True
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self.path = path

    @classmethod
    @contextmanager
    def open(cls, path: str | Path, *, write: bool = True) -> Iterator[Ledger]:
        """Open a ledger as its referee, or to read it, also while its referee writes.

        The referee has the folder to itself; what a dead one left running waits again.

        Args:
            path: the file; a referee makes it, and its folder, if need be.
            write: be the referee; False only reads, and what would change it raises ValueError.

        Yields:
            The ledger.

        Raises:
            ValueError: the folder can't be written, lies on a network file system or has another
                referee; to read, there is no ledger; it is of another format, or damaged: what a
                referee could read of it is saved beside it then.
        """
        path = Path(path)
        with ExitStack() as stack:
            if write:
                check_local(path.parent)
                stack.enter_context(locked(path.parent, "racing"))
            with _complaining(path):
                if not _check(path, save=write) and not write:
                    raise ValueError(f"{path}: there is no race; `thalweg race --out` makes one")
                db = database.open_to_write(path) if write else database.connect(path, "ro")
            ledger = cls(stack.enter_context(closing(db)), path)
            if write:
                ledger.reset_running()
            yield ledger

    # ── what the referee writes ─────────────────────────────────────────────────────────────────

    def add(self, jobs: Iterable[Job]) -> int:
        """Put jobs on the list, waiting; those that are on it stay as they are.

        Args:
            jobs: in the order in which they are to be run.

        Returns:
            How many are new.
        """
        new = 0
        with self._change():
            for job in jobs:
                # A repaired ledger may hold the result of a job that it has lost.
                state = "done" if self._has_result(job.id) else "waiting"
                added = self._db.execute(
                    "INSERT OR IGNORE INTO jobs (id, job, state) VALUES (?, ?, ?)",
                    (job.id, job.text, state),
                )
                if added.rowcount:
                    new += 1
                    self._note(job.id, "", state, "")
        return new

    def begin(self, ids: Iterable[str], worker: str, lease_seconds: float) -> None:
        """Give jobs to a worker, all or none; those that are done or failed stay so.

        Args:
            ids: of the jobs.
            worker: whoever runs them.
            lease_seconds: by then it has renewed its lease, or counts as lost.

        Raises:
            ValueError: one of them runs already, or is not on the list.
        """
        lease = time.time() + lease_seconds
        with self._change():
            for id in ids:
                state = self._state(id)
                if state == "running":
                    raise ValueError(f"{self.path}: job {id} runs already; nothing runs twice")
                if state == "waiting":
                    self._move(id, state, "running", worker, worker=worker, lease=lease)

    def renew(self, worker: str, lease_seconds: float) -> None:
        """A worker is alive: all that it runs is its own for so long from now on."""
        with self._change():
            self._db.execute(
                "UPDATE jobs SET lease = ? WHERE worker = ? AND state = 'running'",
                (time.time() + lease_seconds, worker),
            )

    def done(self, records: Mapping[str, Record]) -> None:
        """Write results down, all or none; they are on the disk when this returns.

        A second result of a job is dropped and counted, see `counts`: the first one stays.

        Args:
            records: by the job's id.

        Raises:
            ValueError: an id is not on the list, or nothing can be written.
        """
        texts = {id: record.to_json() for id, record in records.items()}
        with self._change():
            for id, text in texts.items():
                state = self._state(id)
                if self._has_result(id):
                    self._note(id, state, "doubled", "a second result, which was dropped")
                    continue
                self._db.execute(
                    "INSERT INTO results (id, record, digest, time) VALUES (?, ?, ?, ?)",
                    (id, text, database.digest(text), time.time()),
                )
                self._move(id, state, "done")

    def fail(self, id: str, reason: str) -> None:
        """A running job can't be done; it stays failed."""
        with self._change():
            if self._state(id) == "running":
                self._move(id, "running", "failed", reason)

    def lose(self, id: str, reason: str) -> None:
        """A running job's worker is gone: it waits again, or is failed after `LOSSES` of them."""
        with self._change():
            if self._state(id) != "running":
                return
            self._note(id, "running", "lost", reason)
            self._db.execute("UPDATE jobs SET losses = losses + 1 WHERE id = ?", (id,))
            if self._ask("SELECT losses FROM jobs WHERE id = ?", id)[0][0] < LOSSES:
                self._move(id, "lost", "waiting")
            else:
                self._move(id, "lost", "failed", f"worker lost {LOSSES} times: {reason}")

    def retry(self, ids: Iterable[str]) -> None:
        """Let failed jobs wait again, as if they had never been begun."""
        with self._change():
            for id in ids:
                if self._state(id) == "failed":
                    self._move(id, "failed", "waiting", "asked for")
                    self._db.execute("UPDATE jobs SET losses = 0 WHERE id = ?", (id,))

    def reset_running(self) -> int:
        """Let everything wait again that runs: whoever ran it is dead.

        It doesn't count as a loss: a referee that was stopped says nothing about the job.

        Returns:
            How many there were.
        """
        running = [id for id, state in self.states().items() if state == "running"]
        if running:
            with self._change():
                for id in running:
                    self._note(id, "running", "lost", "its referee ended")
                    self._move(id, "lost", "waiting")
        return len(running)

    def set(self, key: str, value: Any) -> None:
        """Remember a value that JSON can hold, in place of the one under that key."""
        text = json.dumps(value, allow_nan=False)
        with self._change():
            self._db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, text))

    # ── what anybody reads ──────────────────────────────────────────────────────────────────────

    def get(self, key: str, default: Any = None) -> Any:
        """The value that `set` remembered."""
        found = self._ask("SELECT value FROM meta WHERE key = ?", key)
        return json.loads(found[0][0]) if found else default

    def jobs(self) -> dict[str, Job]:
        """All jobs by id, in the order in which they were added."""
        found = self._ask("SELECT id, job FROM jobs ORDER BY rowid")
        return {id: Job.read(text) for id, text in found}

    def states(self) -> dict[str, State]:
        """The state of every job, in the order in which they were added."""
        return dict(self._ask("SELECT id, state FROM jobs ORDER BY rowid"))

    def failures(self, ids: Iterable[str] | None = None) -> dict[str, str]:
        """Why jobs have failed.

        Args:
            ids: of which jobs; None for all.

        Returns:
            A line for each that has, by id.
        """
        wanted = None if ids is None else json.dumps(list(ids))
        query = (
            "SELECT id, reason FROM jobs WHERE state = 'failed' "
            "AND (?1 IS NULL OR id IN (SELECT value FROM json_each(?1))) ORDER BY rowid"
        )
        return dict(self._ask(query, wanted))

    def overdue(self) -> list[str]:
        """Running jobs whose lease is over."""
        query = "SELECT id FROM jobs WHERE state = 'running' AND lease < ? ORDER BY rowid"
        return [id for (id,) in self._ask(query, time.time())]

    def results(self, ids: Iterable[str] | None = None) -> dict[str, Record]:
        """The results that are there.

        Args:
            ids: of which jobs; None for all.

        Returns:
            Records by id, in the order of `ids`, or in that of their arrival.
        """
        if ids is None:
            found = self._ask("SELECT id, record FROM results ORDER BY rowid")
        else:
            query = (
                "SELECT results.id, record FROM json_each(?) AS wanted "
                "JOIN results ON results.id = wanted.value ORDER BY wanted.key"
            )
            found = self._ask(query, json.dumps(list(ids)))
        return {id: Record.from_json(text, source=f"{self.path}: {id}") for id, text in found}

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state; also "lost" and "doubled", how often that happened."""
        found = dict(self._ask("SELECT state, count(*) FROM jobs GROUP BY state"))
        query = "SELECT became, count(*) FROM events WHERE became IN ('lost', 'doubled') GROUP BY 1"
        found |= dict(self._ask(query))
        return {name: found.get(name, 0) for name in (*STATES, "lost", "doubled")}

    def events(self) -> list[Event]:
        """All that ever happened to the jobs, in order."""
        query = "SELECT time, id, was, became, reason FROM events ORDER BY number"
        return [Event(*row) for row in self._ask(query)]

    # ── beneath ─────────────────────────────────────────────────────────────────────────────────

    def _ask(self, query: str, *values: Any) -> list[Any]:
        with _complaining(self.path):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _change(self) -> Iterator[None]:
        with _complaining(self.path), database.transaction(self._db):
            yield

    def _state(self, id: str) -> State:
        found = self._ask("SELECT state FROM jobs WHERE id = ?", id)
        if not found:
            raise ValueError(f"{self.path}: has no job {id}; add it first")
        return found[0][0]

    def _has_result(self, id: str) -> bool:
        return bool(self._ask("SELECT 1 FROM results WHERE id = ?", id))

    def _move(
        self,
        id: str,
        was: str,
        became: str,
        reason: str = "",
        worker: str | None = None,
        lease: float | None = None,
    ) -> None:
        self._note(id, was, became, reason)
        self._db.execute(
            "UPDATE jobs SET state = ?, reason = ?, worker = ?, lease = ? WHERE id = ?",
            (became, reason, worker, lease, id),
        )

    def _note(self, id: str, was: str, became: str, reason: str) -> None:
        self._db.execute(
            "INSERT INTO events (time, id, was, became, reason) VALUES (?, ?, ?, ?, ?)",
            (time.time(), id, was, became, reason),
        )


@contextmanager
def _complaining(path: Path) -> Iterator[None]:
    """SQLite's errors as one clear line."""
    try:
        yield
    except sqlite3.Error as error:
        raise database.complaint(error, path) from error


def _check(path: Path, *, save: bool) -> bool:
    """Whether there is a ledger; a damaged one is refused, once what can be read is saved."""
    try:
        return database.check(path)
    except database.DamageError as error:
        if not save:
            raise ValueError(
                f"{path}: damaged ({error}); the same race, started again, saves what can be read"
            ) from error
        saved, count = repair(path)
        log = f"{path.name}-wal"
        files = f"{path.name} and {log}" if path.with_name(log).exists() else path.name
        raise ValueError(
            f"{path}: damaged ({error}); {count} results could be read and are in {saved.name}: "
            f"move {files} away, rename {saved.name} to {path.name} and start the same race again"
        ) from error
