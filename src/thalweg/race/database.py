"""race.db: how the file is made, recognised, checked and written to.

SQLite does the hard part. WAL lets others read while the referee writes, FULL flushes every
commit to the disk, and triggers keep what must only grow from anything else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Literal

FILE = "race.db"
FORMAT = 1
APPLICATION = int.from_bytes(b"thlw")
PAGE = 4096

# All of it fits on the file's first page, so that a damaged head can be replaced (see repair).
SCHEMA = (
    "CREATE TABLE results (id TEXT PRIMARY KEY, record TEXT NOT NULL, digest TEXT NOT NULL, "
    "time REAL NOT NULL)",
    "CREATE TABLE jobs (id TEXT PRIMARY KEY, job TEXT NOT NULL, state TEXT NOT NULL CHECK "
    "(state IN ('waiting', 'running', 'done', 'failed')), reason TEXT NOT NULL DEFAULT '', "
    "worker TEXT, lease REAL, losses INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE events (number INTEGER PRIMARY KEY, time REAL NOT NULL, id TEXT NOT NULL, "
    "was TEXT NOT NULL, became TEXT NOT NULL, reason TEXT NOT NULL)",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    *(
        f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grow'); END"
        for table in ("results", "events")
        for verb in ("UPDATE", "DELETE")
    ),
)


class DamageError(Exception):
    """The file is a ledger's no more; the message says in which way."""


def digest(text: str) -> str:
    """What tells whether a text is still as it was written."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def connect(path: Path, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
    """Open the file; nothing is read yet.

    Args:
        path: the file.
        mode: to read, to write, or to write and make it if need be.

    Returns:
        The connection, which commits when told to.
    """
    where = f"{path.absolute().as_uri()}?mode={mode}"
    db = sqlite3.connect(where, uri=True, isolation_level=None, timeout=30)
    # Damaged bytes shall come out as other text, which its digest tells, not as an exception.
    db.text_factory = lambda text: text.decode(errors="replace")
    return db


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a ledger for the referee, and make it if there is none.

    Args:
        path: the file, checked if it exists.

    Returns:
        The connection.
    """
    db = connect(path, "rwc")
    try:
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        if not db.execute("PRAGMA user_version").fetchone()[0]:
            with transaction(db):
                for statement in SCHEMA:
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {FORMAT}")
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of it is on the disk after this, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has ended it already
            db.execute("ROLLBACK")
        raise


def check(path: Path) -> bool:
    """Look a ledger over without changing a byte of it.

    Args:
        path: the file.

    Returns:
        Whether there is one; False also if it was never filled.

    Raises:
        DamageError: not all of it can be read, or something else was written into it.
        ValueError: it is another program's, or of another format.
    """
    if not path.exists():
        return False
    log = path.with_name(f"{path.name}-wal")
    if not path.stat().st_size:
        # SQLite would take an empty file for a new one, and delete the log.
        if log.exists() and log.stat().st_size:
            raise DamageError("it is empty")
        return False
    with closing(connect(path, "ro")) as db:
        try:
            made = _is_made(db, path)
            if made:
                _check_content(db)
        except sqlite3.DatabaseError as error:
            if _name(error) not in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
                raise
            raise DamageError(str(error)) from error
    return made


def _is_made(db: sqlite3.Connection, path: Path) -> bool:
    """False if a kill fell between making the file and filling it."""
    application = db.execute("PRAGMA application_id").fetchone()[0]
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if not application and not found and not db.execute("SELECT 1 FROM sqlite_master").fetchall():
        return False
    if application != APPLICATION:
        raise ValueError(f"{path}: is not a race's ledger; choose another folder")
    if found != FORMAT:
        way_out = "upgrade with `pip install -U thalweg`" if found > FORMAT else "race again"
        raise ValueError(
            f"{path}: format {found}, this thalweg reads {FORMAT}; {way_out}, "
            "or choose another folder"
        )
    return True


def _check_content(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DamageError(" ".join(found.split()))
    # quick_check sees the structure; a changed letter only these digests see.
    for name, table, text, sum_of_it in (
        ("result", "results", "record", "digest"),
        ("job", "jobs", "job", "id"),
    ):
        for known, content, wanted in db.execute(f"SELECT id, {text}, {sum_of_it} FROM {table}"):
            if not isinstance(content, str) or digest(content) != wanted:
                raise DamageError(f"{name} {known} is not what was written")


def complaint(error: sqlite3.Error, path: Path) -> ValueError:
    """One line that says what SQLite's error means here, and what to do.

    Args:
        error: what it raised.
        path: the ledger.

    Returns:
        To be raised.
    """
    name = _name(error)
    same = "then start the same race again: it goes on where it is"
    if name == "SQLITE_FULL":
        said = f"the disk is full; nothing that was written is lost; make room, {same}"
    elif name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        said = f"damaged ({error}); start the same race again: it saves what can be read"
    elif name in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        said = f"another program has locked it; close that program, {same}"
    else:
        said = f"cannot be read or written ({error}); see to the disk and its rights, {same}"
    return ValueError(f"{path}: {said}")


def _name(error: sqlite3.Error) -> str:
    """Such as SQLITE_FULL: the kind of error without its further detail."""
    code = getattr(error, "sqlite_errorcode", None)  # absent where Python itself raised it
    return _NAMES.get(code & 0xFF, "") if code is not None else ""


_NAMES = {
    getattr(sqlite3, name): name
    for name in ("SQLITE_FULL", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_BUSY", "SQLITE_LOCKED")
}
