"""The ledger loses nothing and doubles nothing, whatever is killed, full or damaged."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from thalweg.race import database
from thalweg.race.database import PAGE
from thalweg.race.job import Job
from thalweg.race.ledger import LOSSES, Ledger
from thalweg.race.repair import REPAIRED
from thalweg.train.record import Epoch, Record


def job(seed: int = 0, **changes) -> Job:
    return replace(Job("task", "sgd", "code", {"lr": 0.1}, 8, 3, seed=seed), **changes)


JOBS = [job(seed) for seed in range(40)]


def record(seed: int = 0) -> Record:
    """Long enough that three of them fill a page or two."""
    lines = [
        Epoch(e, e, 8 * e, 0.1 * e, {"loss": seed + 1 / (e + 3)}, {"loss": float("nan")})
        for e in range(12)
    ]
    return Record("task", "sgd", history=lines, best={"epoch": 0, "metric": "loss", "value": 1.0})


def same(one: Record, other: Record) -> bool:
    return one.to_json() == other.to_json()  # as text, because a NaN differs from itself


@pytest.fixture
def path(tmp_path):
    return tmp_path / "race" / "race.db"


@pytest.fixture
def filled(path):
    """A ledger with a result for each of the forty jobs but the last two, which wait."""
    with Ledger.open(path) as ledger:
        ledger.add(JOBS)
        ledger.begin([one.id for one in JOBS[:38]], "w", 60)
        for one in JOBS[:38]:
            ledger.done({one.id: record(one.seed)})
        ledger.set("plan", {"points": 16})
    return path


def test_a_job_waits_runs_and_is_done(path):
    with Ledger.open(path) as ledger:
        assert ledger.add(JOBS) == 40
        assert ledger.add(JOBS[:3]) == 0
        assert list(ledger.states()) == [one.id for one in JOBS]
        assert list(ledger.jobs().values()) == JOBS
        ledger.begin([JOBS[0].id, JOBS[1].id], "w", 60)
        ledger.done({JOBS[0].id: record(7)})
        ledger.fail(JOBS[1].id, "lr is too large")
        states = ledger.states()
        assert [states[one.id] for one in JOBS[:3]] == ["done", "failed", "waiting"]
        assert same(ledger.results([JOBS[0].id, JOBS[2].id])[JOBS[0].id], record(7))
        assert list(ledger.results()) == [JOBS[0].id]
        assert ledger.failures() == {JOBS[1].id: "lr is too large"}
        assert ledger.failures([JOBS[0].id]) == {}
        wanted = {"waiting": 38, "running": 0, "done": 1, "failed": 1, "lost": 0, "doubled": 0}
        assert ledger.counts() == wanted
        passed = [event[2:] for event in ledger.events() if event.id == JOBS[1].id]
        assert passed == [
            ("", "waiting", ""),
            ("waiting", "running", "w"),
            ("running", "failed", "lr is too large"),
        ]


def test_results_come_in_the_order_that_was_asked_for(filled):
    with Ledger.open(filled, write=False) as ledger:
        ids = [one.id for one in JOBS[30:10:-1]]
        assert list(ledger.results(ids)) == ids
        assert all(same(ledger.results(ids)[one.id], record(one.seed)) for one in JOBS[11:31])


def test_all_is_there_when_the_ledger_is_opened_again(filled):
    with Ledger.open(filled) as ledger:
        assert ledger.counts()["done"] == 38
        assert ledger.get("plan") == {"points": 16}
        assert ledger.get("other", 3) == 3
        assert all(same(found, record(JOBS[i].seed)) for i, found in enumerate(_all(ledger)))


def _all(ledger):
    return ledger.results().values()


def test_a_running_job_is_given_to_nobody_else(path):
    with Ledger.open(path) as ledger:
        ledger.add(JOBS)
        ledger.begin([JOBS[0].id], "one", 60)
        with pytest.raises(ValueError, match="runs already"):
            ledger.begin([JOBS[1].id, JOBS[0].id], "other", 60)
        assert ledger.states()[JOBS[1].id] == "waiting"  # all or none
        with pytest.raises(ValueError, match="has no job nothing"):
            ledger.begin(["nothing"], "other", 60)


def test_a_second_result_is_dropped_and_counted(filled):
    with Ledger.open(filled) as ledger:
        ledger.done({JOBS[0].id: record(99), JOBS[39].id: record(39)})
        assert same(ledger.results()[JOBS[0].id], record(0))
        assert ledger.counts() | {"waiting": 0} == {
            "waiting": 0,
            "running": 0,
            "done": 39,
            "failed": 0,
            "lost": 0,
            "doubled": 1,
        }


@pytest.mark.parametrize("table", ["results", "events"])
def test_what_only_grows_cannot_be_changed(filled, table):
    db = sqlite3.connect(filled)
    for change in (f"DELETE FROM {table}", f"UPDATE {table} SET time = 0"):
        with pytest.raises(sqlite3.IntegrityError, match="only grow"):
            db.execute(change)
    db.close()


def test_a_lost_job_waits_again_until_it_has_lost_too_many(path):
    with Ledger.open(path) as ledger:
        ledger.add(JOBS)
        for time_ in range(1, LOSSES + 1):
            ledger.begin([JOBS[0].id], "w", 60)
            ledger.lose(JOBS[0].id, "signal 9")
            assert ledger.states()[JOBS[0].id] == ("waiting" if time_ < LOSSES else "failed")
        assert ledger.failures() == {JOBS[0].id: f"worker lost {LOSSES} times: signal 9"}
        assert ledger.counts()["lost"] == LOSSES
        ledger.begin([JOBS[0].id], "w", 60)
        assert ledger.states()[JOBS[0].id] == "failed"
        ledger.retry([JOBS[0].id])
        ledger.begin([JOBS[0].id], "w", 60)
        ledger.lose(JOBS[0].id, "signal 9")
        assert ledger.states()[JOBS[0].id] == "waiting"


def test_a_lease_ends_unless_it_is_renewed(path):
    with Ledger.open(path) as ledger:
        ledger.add(JOBS)
        ledger.begin([JOBS[0].id], "quick", -1)
        ledger.begin([JOBS[1].id], "slow", -1)
        assert ledger.overdue() == [JOBS[0].id, JOBS[1].id]
        ledger.renew("slow", 60)
        assert ledger.overdue() == [JOBS[0].id]


def test_a_new_referee_takes_up_what_a_dead_one_left_running(path):
    for _ in range(LOSSES + 1):  # a stopped referee says nothing about the job
        with Ledger.open(path) as ledger:
            ledger.add(JOBS)
            assert set(ledger.states().values()) == {"waiting"}
            ledger.begin([one.id for one in JOBS], "w", 60)
    with Ledger.open(path) as ledger:
        assert ledger.counts() == {
            "waiting": 40,
            "running": 0,
            "done": 0,
            "failed": 0,
            "lost": 40 * (LOSSES + 1),
            "doubled": 0,
        }


# ── two at once ────────────────────────────────────────────────────────────────────────────────


def test_a_second_referee_is_refused(path):
    refusal = pytest.raises(ValueError, match=f"process {os.getpid()} is racing here")
    with Ledger.open(path), refusal, Ledger.open(path):
        pass


def test_others_read_while_the_referee_writes(path):
    with Ledger.open(path) as ledger:
        ledger.add(JOBS)
        with Ledger.open(path, write=False) as reader:
            for count, one in enumerate(JOBS, 1):
                ledger.begin([one.id], "w", 60)
                ledger.done({one.id: record(one.seed)})
                assert reader.counts()["done"] == count
            with pytest.raises(ValueError, match="readonly"):
                reader.set("plan", 1)


def test_there_must_be_a_ledger_to_read(path):
    with pytest.raises(ValueError, match="there is no race"), Ledger.open(path, write=False):
        pass
    assert not path.parent.exists()
    path.parent.mkdir()
    path.touch()  # its referee has just begun
    with pytest.raises(ValueError, match="there is no race"), Ledger.open(path, write=False):
        pass


# ── kills ──────────────────────────────────────────────────────────────────────────────────────

# A child for each line that it reads: importing takes seconds, forking nothing.
REFEREE = textwrap.dedent("""
    import os, sys
    from thalweg.race.ledger import Ledger
    from tests.race.test_ledger import job, record

    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            with Ledger.open(sys.argv[1]) as ledger:
                ledger.add(job(seed) for seed in range(20))
                for id in [id for id, state in ledger.states().items() if state == "waiting"]:
                    ledger.begin([id], "w", 60)
                    ledger.done({id: record()})
                    os.write(1, (id + "\\n").encode())
            os._exit(0)
        print("child", child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)
""")


def _kill_again_and_again(path: Path, kills: int, chance: random.Random) -> None:
    nursery = subprocess.Popen(
        [sys.executable, "-c", REFEREE, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    assert nursery.stdout.readline() == "ready\n"
    with Ledger.open(path) as ledger:
        ledger.add(job(seed) for seed in range(300 * kills))
    acknowledged: list[str] = []
    try:
        for _ in range(kills):
            nursery.stdin.write("go\n")
            nursery.stdin.flush()
            child = int(nursery.stdout.readline().split()[1])
            time.sleep(chance.uniform(0, 0.4))
            os.kill(child, signal.SIGKILL)
            while (line := nursery.stdout.readline()) != "ended\n":
                acknowledged.append(line.strip())
            with Ledger.open(path) as ledger:
                there = ledger.results()
                assert set(acknowledged) <= set(there)
                assert len(there) - len(acknowledged) <= 1 + kills  # written, not yet told
                counts = ledger.counts()
                assert (counts["doubled"], counts["running"]) == (0, 0)
                assert counts["done"] == len(there)
    finally:
        nursery.stdin.close()
        nursery.wait(timeout=10)
        nursery.stdout.close()
    assert len(acknowledged) == len(set(acknowledged)) > kills
    print(f"{kills} kills, {len(acknowledged)} results")


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_a_referee_killed_at_random_moments_loses_and_doubles_nothing(path, kills):
    path.parent.mkdir()
    _kill_again_and_again(path, kills, random.Random(kills))


# ── full disks ─────────────────────────────────────────────────────────────────────────────────


def test_a_full_disk_is_said_and_the_race_goes_on_when_there_is_room(path):
    with Ledger.open(path) as ledger:
        ledger.add(JOBS)
        ledger._db.execute("PRAGMA max_page_count = 20")  # where SQLite says: full
        written: list[str] = []
        with pytest.raises(ValueError, match="the disk is full") as caught:
            _write_all(ledger, written)
        assert "\n" not in str(caught.value)
        assert list(ledger.results()) == written != []
    with Ledger.open(path) as ledger:
        assert list(ledger.results()) == written
        rest = [one for one in JOBS if one.id not in written]
        ledger.begin([one.id for one in rest], "w", 60)
        ledger.done({one.id: record(one.seed) for one in rest})
        assert set(ledger.states().values()) == {"done"}
        assert ledger.counts()["doubled"] == 0


def _write_all(ledger, written):
    for one in JOBS:
        ledger.begin([one.id], "w", 60)
        ledger.done({one.id: record(one.seed)})
        written.append(one.id)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a limit on the size of files")
def test_a_disk_that_takes_no_more_is_said_in_one_line(path):
    """The system itself refuses: no file of the child may grow beyond 200 kB."""
    code = textwrap.dedent("""
        import resource, sys
        from thalweg.race.ledger import Ledger
        from tests.race.test_ledger import JOBS, record

        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            with Ledger.open(sys.argv[1]) as ledger:
                ledger.add(JOBS)
                ledger.begin([one.id for one in JOBS], "w", 60)
                for one in JOBS:
                    ledger.done({one.id: record(one.seed)})
                    print(one.id)
        except ValueError as error:
            print(error)
    """)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    told = subprocess.check_output(
        [sys.executable, "-c", code, str(path)], text=True, env=environment
    ).splitlines()
    assert "race.db: " in told[-1]
    assert "start the same race again" in told[-1]
    with Ledger.open(path) as ledger:
        assert list(ledger.results()) == told[:-1] != []
        assert ledger.counts()["waiting"] == 40 - len(told[:-1])


# ── damage ─────────────────────────────────────────────────────────────────────────────────────


def damaged(path: Path, where: int, content: bytes) -> bytes:
    with path.open("r+b") as file:
        file.seek(where)
        file.write(content)
    return path.read_bytes()


def refused(path: Path) -> str:
    with pytest.raises(ValueError, match="damaged") as caught, Ledger.open(path):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def put_in_place(path: Path) -> None:
    """What the message says."""
    for name in (path, path.with_name(f"{path.name}-wal")):
        if name.exists():
            name.rename(name.with_name(f"damaged-{name.name}"))
    path.with_name(REPAIRED).rename(path)


def saved(path: Path) -> list[int]:
    """The seeds whose results are in the repaired ledger, each as it was written."""
    before = path.read_bytes()
    said = refused(path)
    assert path.read_bytes() == before
    put_in_place(path)
    with Ledger.open(path) as ledger:
        found = ledger.results()
        assert f"{len(found)} results could be read" in said
        seeds = {one.id: one.seed for one in JOBS}
        assert all(same(result, record(seeds[id])) for id, result in found.items())
        ledger.add(JOBS)  # the race goes on
        rest = [id for id, state in ledger.states().items() if state == "waiting"]
        assert set(rest) == {one.id for one in JOBS} - set(found)
        ledger.begin(rest, "w", 60)
        ledger.done({id: record(seeds[id]) for id in rest})
        assert ledger.counts()["done"] == 40
        assert ledger.counts()["doubled"] == 0
    return [seeds[id] for id in found]


@pytest.mark.parametrize(
    "content", [bytes(100), bytes(PAGE), b"\xff" * PAGE], ids=["header", "zeros", "ones"]
)
def test_a_damaged_head_costs_no_result(filled, content):
    damaged(filled, 0, content)
    assert saved(filled) == list(range(38))


def test_damaged_pages_in_the_middle_cost_what_was_on_them(filled):
    chance, size = random.Random(1), filled.stat().st_size
    whole = filled.read_bytes()
    counts = []
    for _ in range(12):
        for stale in filled.parent.glob("*race*db*"):
            stale.unlink()
        filled.write_bytes(whole)
        page = chance.randrange(1, size // PAGE)
        damaged(filled, page * PAGE, chance.randbytes(PAGE))
        counts.append(len(saved(filled)))
    assert max(counts) == 38
    assert sum(count >= 30 for count in counts) >= 10, counts


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_a_cut_ledger_keeps_what_was_before_the_cut(filled, share):
    content = filled.read_bytes()
    # Letters of the results stand whole in what is left; a result that ends there is saved.
    left = content[: int(len(content) * share)]
    whole = left.count(b'"format": 1, "task": "task", "rule"')
    filled.write_bytes(left)
    assert 5 < whole - 3 <= len(saved(filled)) <= whole


def test_a_changed_digit_in_a_result_is_noticed(filled):
    content = filled.read_bytes()
    where = content.index(b'"loss": 5.3333') + len('"loss": ')
    damaged(filled, where, b"6")
    assert saved(filled) == [seed for seed in range(38) if seed != 5]


def test_an_emptied_ledger_is_not_taken_for_a_new_one(path):
    """Its log may hold everything; SQLite would delete that."""
    with Ledger.open(path) as ledger:
        ledger.add(JOBS)
        ledger.begin([one.id for one in JOBS[:38]], "w", 60)
        ledger.done({one.id: record(one.seed) for one in JOBS[:38]})
        copy = path.parent.parent / "killed"
        shutil.copytree(path.parent, copy)  # as a kill would leave it: the log is not taken in
    cut = copy / "race.db"
    assert cut.with_name("race.db-wal").stat().st_size > 100_000
    cut.write_bytes(b"")
    assert len(saved(cut)) == 38


def test_a_reader_leaves_a_damaged_ledger_alone(filled):
    damaged(filled, 0, bytes(PAGE))
    with pytest.raises(ValueError, match="damaged") as caught, Ledger.open(filled, write=False):
        pass
    assert "started again, saves what can be read" in str(caught.value)
    assert not filled.with_name(REPAIRED).exists()


def test_the_head_of_every_ledger_holds_all_of_the_schema(filled):
    """So that a fresh one can stand in for it."""
    assert filled.read_bytes()[100] == 13  # a leaf of a table: page 1 has no children


def test_a_kill_while_the_ledger_is_made_leaves_a_new_one(path):
    path.parent.mkdir()
    path.touch()
    with Ledger.open(path) as ledger:
        assert ledger.add(JOBS) == 40
    path.unlink()
    half = database.connect(path, "rwc")
    half.execute("PRAGMA journal_mode = WAL")
    half.close()
    with Ledger.open(path) as ledger:
        assert ledger.add(JOBS) == 40


# ── other files ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("write", [True, False])
def test_a_ledger_of_another_version_says_what_to_do(filled, write):
    other = sqlite3.connect(filled)
    other.execute("PRAGMA user_version = 99")
    other.close()
    with (
        pytest.raises(ValueError, match="format 99, this thalweg reads 1; upgrade") as caught,
        Ledger.open(filled, write=write),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_another_programs_database_is_refused(path):
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE cats (name)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is not a race's ledger"), Ledger.open(path):
        pass
    assert path.read_bytes() == before
