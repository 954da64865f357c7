"""Every executor gives the records of the one-by-one run, and says what it could not do."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.race.odd import TASK, VARIED, Orders, ask, job, timeless
from thalweg import tasks
from thalweg.race.executors import Failure, Inline, Processes, Work, executor
from thalweg.race.reference import Reference
from thalweg.schedules import ramp
from thalweg.train import fit


@pytest.fixture(scope="module")
def order(tmp_path_factory):
    return Orders(tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="module")
def two(order):
    """Two workers, which take seconds to start, for all tests of this file."""
    with Processes(Reference.of(order.name), workers=2) as executor:
        yield executor


@pytest.fixture(params=["here", "processes"])
def any_executor(request, order, two):
    order.forget()
    return two if request.param == "processes" else Inline(Reference.of(order.name))


def wait_for(claim, seconds=60.0):
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def test_the_records_are_those_of_the_one_by_one_run(any_executor, order):
    found = ask(any_executor, VARIED)
    task = tasks.find(order.name)
    live = {VARIED[2].id: {"lr": 0.1, "momentum": ramp(0.5, 0.9, epochs=2)}}
    for [record], one in zip(found, VARIED, strict=True):
        wanted = fit(
            task,
            rule=one.rule,
            hypers=live.get(one.id, one.hypers),
            epochs=one.epochs,
            batch=one.batch,
            seed=one.seed,
            test=one.test,
        )
        assert timeless(record) == timeless(wanted)
    assert [record.test is not None for [record] in found] == [False, False, False, True, False]
    assert found[4][0].status == "diverged"


def test_a_run_above_its_limit_is_hopeless(any_executor):
    [[whole]] = ask(any_executor, [job()])
    losses = [line.validation["loss"] for line in whole.history]
    at = (None, losses[1], losses[2] * 0.999, None)
    [[exact], [stopped], [blown]] = ask(
        any_executor,
        [
            job(limit=(None, *losses[1:])),
            job(limit=at),
            job(hypers={"lr": 3e38, "momentum": 0.99}, limit=(None, 1e9, 1e9)),
        ],
    )
    assert timeless(exact) == timeless(whole)  # at the limit is not above it
    assert (stopped.status, len(stopped.history)) == ("hopeless", 3)
    assert blown.status in ("diverged", "hopeless")


def test_several_jobs_may_be_one_batched_model(any_executor, order):
    jobs = tuple(job(seed, many=True, hypers={"lr": 0.1 * seed}) for seed in (1, 2, 3))
    any_executor.submit(Work(jobs))
    [(work, records)] = any_executor.wait(60)
    assert work.jobs == jobs
    task = tasks.find(order.name)
    for one, record in zip(jobs, records, strict=True):
        alone = fit(task, rule="sgd", hypers=one.hypers, epochs=3, batch=8, seed=one.seed)
        last, wanted = record.history[-1].validation, alone.history[-1].validation
        assert last["loss"] == pytest.approx(wanted["loss"], rel=1e-4)
        assert record.test is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hypers": {"lr": -1.0}}, "sgd: lr=-1.0"),
        ({"hypers": {"pace": 1.0}}, "pace"),
        ({"rule": "sdg"}, "sgd"),
        ({"hypers": {"lr": {"kind": "ram", "format": 1}}}, "schedule: kind 'ram' is unknown"),
    ],
)
def test_wrong_settings_fail_in_one_line(any_executor, changes, says):
    [failure] = ask(any_executor, [job(**changes)])
    assert failure.kind == "failed"
    assert says in failure.reason
    assert "\n" not in failure.reason


@pytest.mark.parametrize("raised", ["1 / 0", "raise SystemExit(3)", "raise RuntimeError('a\\nb')"])
def test_a_task_that_fails_says_in_which_line(any_executor, order, raised):
    order(raised)
    [failure] = ask(any_executor, [job()])
    assert failure.kind == "failed"
    assert "in my.py, line 24" in failure.reason or "line 1" in failure.reason
    assert "\n" not in failure.reason
    [[record]] = ask(any_executor, [job()])  # and the next one is done
    assert record.status == "finished"


def test_ctrl_c_passes_through(order):
    order("raise KeyboardInterrupt")
    here = Inline(Reference.of(order.name))
    here.submit(Work((job(),)))
    with pytest.raises(KeyboardInterrupt):
        here.wait()


def test_what_a_task_prints_does_no_harm(two, order):
    order("print('x' * 1000); os.write(1, b'y' * 1000 + b'\\n')")
    [[record]] = ask(two, [job()])
    assert record.status == "finished"


# ── processes that die ─────────────────────────────────────────────────────────────────────────


def test_a_dead_worker_takes_its_own_work_along_and_nothing_else(two, order):
    order("os.write(2, b'out of luck\\n'); os._exit(3)")
    jobs = [job(seed) for seed in range(6)]
    found = ask(two, jobs)
    [lost] = [one for one in found if isinstance(one, Failure)]
    assert lost.kind == "lost"
    assert "ended with code 3: out of luck" in lost.reason
    again = ask(two, [one for one, result in zip(jobs, found, strict=True) if result is lost])
    whole = [result for result in (*found, *again) if result is not lost]
    assert sorted(one.seeds["init"] for [one] in whole) == list(range(6))


def test_a_worker_killed_from_outside_is_replaced(two, order):
    [_, _] = ask(two, [job(1), job(2)])
    before = set(two.pids)
    assert len(before) == 2
    order("time.sleep(60)")
    two.submit(Work((job(3),)))
    wait_for(order.taken)
    [pid] = order.taken()
    os.kill(pid, signal.SIGKILL)
    [(work, failure)] = two.wait(60)
    assert (work.jobs, failure.kind) == ((job(3),), "lost")
    assert f"worker {pid} was killed by signal 9" in failure.reason
    assert set(two.pids) == before - {pid}
    [[record]] = ask(two, [job(3)])
    assert record.status == "finished"


def test_a_worker_that_cannot_be_started_is_lost_with_the_reason(order, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Processes(Reference.of(order.name), workers=1) as executor:
        assert ask(executor, [job()]) == [
            Failure("lost", "no worker could be started (No such file or directory)")
        ]


def this_tree() -> dict[str, str]:
    """The environment in which a fresh Python imports what is tested here."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


REFEREE = """
import sys, time
from pathlib import Path
from thalweg.race.executors import Processes, Work
from thalweg.race.job import Job
from thalweg.race.reference import Reference

place, when = sys.argv[1:]
with Processes(Reference.of(f"{place}:SLEEPS"), workers=2) as executor:
    for seed in (1, 2):
        executor.submit(Work((Job("t", "sgd", "c", {"lr": 0.1}, 8, 3, seed=seed),)))
    while when == "busy" and len(list(Path(place).parent.glob("asleep-*"))) < 2:
        time.sleep(0.05)
    while len(executor.pids) < 2:
        time.sleep(0.01)
    print(*executor.pids, flush=True)
    executor.wait()
"""

SLEEPS = """
def sleep():
    (HERE / f"asleep-{os.getpid()}").touch()
    for _ in range(600):
        time.sleep(0.1)

SLEEPS = Task("sleeps", "", sleep, load)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to look for orphans")
@pytest.mark.parametrize(
    ("sign", "when"),
    [(signal.SIGKILL, "starting"), (signal.SIGKILL, "busy"), (signal.SIGINT, "starting")],
)
def test_workers_die_with_their_referee(tmp_path, sign, when):
    (tmp_path / "my.py").write_text(TASK + SLEEPS)
    referee = subprocess.Popen(
        [sys.executable, "-c", REFEREE, str(tmp_path / "my.py"), when],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=this_tree(),
    )
    with referee:
        pids = [int(pid) for pid in referee.stdout.readline().split()]
        assert len(pids) == 2
        assert all(alive(pid) for pid in pids)
        os.kill(referee.pid, sign)
        end = time.monotonic() + 30  # at once, but for a busy machine
        try:
            while any(alive(pid) for pid in pids):
                assert time.monotonic() < end, "an orphan lives"
                time.sleep(0.02)
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        said = referee.communicate(timeout=10)[1]
    if sign == signal.SIGINT:
        assert said.rstrip().endswith("KeyboardInterrupt")


def test_closing_is_prompt_and_leaves_nobody(order):
    order("time.sleep(60)")
    with Processes(Reference.of(order.name), workers=1) as executor:
        executor.submit(Work((job(1),)))
        executor.submit(Work((job(2),)))
        wait_for(lambda: executor.pids)
        [pid] = executor.pids
        begun = time.monotonic()
    assert time.monotonic() - begun < 30  # the work itself sleeps for a minute
    assert not alive(pid)


# ── where they run ─────────────────────────────────────────────────────────────────────────────


def test_a_script_without_a_guard_races_a_task_of_its_own(tmp_path):
    """With multiprocessing, a worker would import the script and start workers itself."""
    script = tmp_path / "script.py"
    script.write_text(
        TASK
        + textwrap.dedent("""
        from thalweg.race.executors import Processes, Work
        from thalweg.race.job import Job
        from thalweg.race.reference import Reference

        class Net(nn.Linear):
            pass

        print("runs once")
        task = Task("mine", "", lambda: Net(2, 2), load, metrics={"threads": threads})
        torch.set_default_dtype(torch.float64)
        task = Task("mine", "", lambda: Net(2, 2), lambda: Data(*(
            Part(part.inputs.double(), part.targets)
            for part in (load().train, load().validation, load().test)
        )), metrics={"threads": threads})
        with Processes(Reference.of(task), workers=1) as executor:
            executor.submit(Work((Job("t", "sgd", "c", {"lr": 0.1}, 8, 2, seed=1),)))
            [(work, outcome)] = executor.wait()
            print(outcome[0].status, outcome[0].history[-1].train["threads"])
        """)
    )
    told = subprocess.check_output(
        [sys.executable, str(script)], text=True, cwd=tmp_path, env=this_tree()
    )
    assert told.splitlines() == ["runs once", "finished 101.0"]  # one thread each, torch and Numba


def test_a_worker_is_started_only_when_it_is_needed(order):
    with Processes(Reference.of(order.name), workers=3) as executor:
        assert (executor.size, executor.pids) == (3, [])


def test_one_worker_for_each_core_is_usual(order):
    with Processes(Reference.of(order.name)) as executor:
        assert executor.size == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("on", "workers", "says"),
    [
        ("threads", None, "on='threads' is unknown; there are here, processes, ray"),
        ("processes", 0, "workers=0 is below 1"),
    ],
)
def test_an_executor_that_there_is_not_is_named(on, workers, says):
    with pytest.raises(ValueError, match=says):
        executor(on, Reference.of("bowl"), workers)


def test_a_task_that_cannot_travel_is_refused_before_anything_is_started():
    lock = threading.Lock()
    task = replace(tasks.find("bowl"), load=lambda: lock)
    with pytest.raises(ValueError, match="bowl: can't be sent to another process") as caught:
        executor("processes", Reference.of(task))
    assert "on='here'" in str(caught.value)
    executor("here", Reference.of(task)).close()
