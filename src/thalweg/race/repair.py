"""What can still be read of a damaged ledger, saved into a new one beside it.

The damaged file is copied first and never touched. SQLite reads the copy row by row and steps
over what it can't. A head that is gone is replaced by the head of a fresh ledger: that page holds
nothing but the schema, which is always the same. Every result carries a digest, so what is saved
is right.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from thalweg.race.database import PAGE, connect, digest, open_to_write, transaction

REPAIRED = "race.repaired.db"

_COLUMNS = {
    "results": ("id", "record", "digest", "time"),
    "jobs": ("id", "job", "state", "reason", "losses"),
    "events": ("time", "id", "was", "became", "reason"),
    "meta": ("key", "value"),
}
Rows = dict[str, list[tuple[Any, ...]]]


def repair(path: Path) -> tuple[Path, int]:
    """Save what can be read.

    Args:
        path: the damaged ledger.

    Returns:
        The new file, and how many results are in it.

    Raises:
        OSError: the copy or the new file can't be written.
        sqlite3.Error: the same.
    """
    with tempfile.TemporaryDirectory(prefix="thalweg-repair-") as folder:
        found = [_salvage(path, Path(folder) / name, head) for name, head in _attempts(folder)]
    best = max(found, key=lambda rows: (len(rows["results"]), len(rows["jobs"])))
    draft = path.with_name(f".{REPAIRED}.tmp")
    draft.unlink(missing_ok=True)
    with closing(open_to_write(draft)) as db, transaction(db):
        _fill(db, best)
    draft.replace(path.with_name(REPAIRED))
    return path.with_name(REPAIRED), len(best["results"])


def _attempts(folder: str) -> Iterator[tuple[str, bytes]]:
    """With the head as it is, and with the one of a fresh ledger."""
    yield "as-it-is.db", b""
    fresh = Path(folder) / "fresh.db"
    open_to_write(fresh).close()
    yield "new-head.db", fresh.read_bytes()[:PAGE]


def _salvage(path: Path, copy: Path, head: bytes) -> Rows:
    shutil.copyfile(path, copy)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        shutil.copyfile(log, copy.with_name(f"{copy.name}-wal"))
    if head:
        pages = max(1, copy.stat().st_size // PAGE)
        with copy.open("r+b") as file:
            file.write(head)
            file.seek(28)  # where the head says how many pages there are
            file.write(pages.to_bytes(4))
    size = copy.stat().st_size + (log.stat().st_size if log.exists() else 0)
    with closing(connect(copy, "ro")) as db:
        rows: Rows = {
            table: list(_rows(db, table, columns, size)) for table, columns in _COLUMNS.items()
        }
    rows["results"] = [row for row in rows["results"] if _is_whole(row[1], row[2])]
    rows["jobs"] = [row for row in rows["jobs"] if _is_whole(row[1], row[0])]
    return rows


def _is_whole(text: Any, wanted: Any) -> bool:
    return isinstance(text, str) and digest(text) == wanted


def _rows(
    db: sqlite3.Connection, table: str, columns: tuple[str, ...], size: int
) -> Iterator[tuple[Any, ...]]:
    """Every row that can be read, by its number."""
    query = f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED WHERE rowid = ?"
    try:
        db.execute(f"{query} LIMIT 0", (0,))
    except sqlite3.DatabaseError:  # there is no such table any more
        return
    last = size // 64  # a row takes more bytes than that, hence there can't be more of them
    with suppress(sqlite3.DatabaseError):
        last = min(last, db.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] or 0)
    for number in range(1, last + 1):
        try:
            row = db.execute(query, (number,)).fetchone()
        except sqlite3.DatabaseError:
            continue
        if row is not None:
            yield row


def _fill(db: sqlite3.Connection, rows: Rows) -> None:
    for table, columns in _COLUMNS.items():
        marks = ", ".join("?" * len(columns))
        for row in rows[table]:
            try:
                db.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", row)
            except sqlite3.IntegrityError:
                continue  # bytes that are no row of that table
    db.execute("UPDATE jobs SET state = 'done' WHERE id IN (SELECT id FROM results)")
    db.execute(
        "UPDATE jobs SET state = 'waiting' WHERE state != 'failed' "
        "AND id NOT IN (SELECT id FROM results)"
    )
