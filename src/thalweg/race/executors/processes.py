"""Processes on this machine: one for each core, one thread each.

Each worker is a fresh Python that speaks over its own pipes. It imports nothing of the script that
calls, so a script needs no `if __name__ == "__main__"`. A worker that is killed takes its own work
along and nothing else, and another is started in its place.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import IO

from thalweg.race.executors import worker
from thalweg.race.executors.surroundings import Surroundings
from thalweg.race.reference import Reference
from thalweg.race.work import Closing, Failure, Outcome, Work, at_least_one

_Asked = tuple[Work, bytes]  # with its jobs as they are sent


class Processes(Closing):
    """Runs jobs in processes of their own, which are started when first needed.

    What the task prints there is not shown. Each worker takes some seconds to start and some
    hundred megabytes, both of which are torch's.

    Args:
        reference: to the task.
        workers: how many; None is one for each core that this process may use.
        threads: of each.

    Raises:
        ValueError: a number is below 1, or the task can't be sent to another process.
    """

    def __init__(self, reference: Reference, workers: int | None = None, threads: int = 1) -> None:
        self.size = at_least_one("workers", cores() if workers is None else workers)
        self._threads = at_least_one("threads", threads)
        reference.pack()
        self._greeting = pickle.dumps((reference, Surroundings.here(threads)))
        self._todo: SimpleQueue[_Asked | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[Work, Outcome]] = SimpleQueue()
        self._seats: list[_Seat] = []
        self._open = 0

    @property
    def pids(self) -> list[int]:
        """Of the workers that are alive."""
        return [pid for seat in self._seats if (pid := seat.pid) is not None]

    def submit(self, work: Work) -> None:
        """Take work over; a worker is started if all are busy and there may be more."""
        self._open += 1
        self._todo.put((work, pickle.dumps(work.jobs)))
        if len(self._seats) < min(self.size, self._open):
            self._seats.append(_Seat(self._greeting, self._threads, self._todo, self._ended))

    def wait(self, timeout: float | None = None) -> list[tuple[Work, Outcome]]:
        """What has ended since the last call; see `Executor.wait`."""
        ended: list[tuple[Work, Outcome]] = []
        with suppress(Empty):
            if self._open:
                ended.append(self._ended.get(timeout=timeout))
            while ended:
                ended.append(self._ended.get_nowait())
        self._open -= len(ended)
        return ended

    def close(self) -> None:
        """Kill the workers; what they have not finished is dropped."""
        for seat in self._seats:
            seat.close()
        for _ in self._seats:
            self._todo.put(None)
        for seat in self._seats:
            seat.thread.join()
        self._seats.clear()


class _Seat:
    """A place for one worker at a time, and the thread that speaks with it."""

    def __init__(
        self,
        greeting: bytes,
        threads: int,
        todo: SimpleQueue[_Asked | None],
        ended: SimpleQueue[tuple[Work, Outcome]],
    ) -> None:
        self._greeting, self._threads = greeting, threads
        self._process: subprocess.Popen[bytes] | None = None
        self._printed: IO[bytes] | None = None
        self._closed, self._lock = False, Lock()
        self.thread = Thread(target=self._serve, args=(todo, ended), daemon=True)
        self.thread.start()

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def _serve(
        self, todo: SimpleQueue[_Asked | None], ended: SimpleQueue[tuple[Work, Outcome]]
    ) -> None:
        while not self._closed and (asked := todo.get()) is not None:
            work, message = asked
            ended.put((work, self._ask(message)))
        self._bury()

    def _ask(self, message: bytes) -> Outcome:
        answer, why = None, "closed"
        try:
            pipes = self._pipes()
            if pipes is not None:
                worker.send(pipes[0], message)
                answer = worker.receive(pipes[1])
        except OSError as error:  # a dead worker's pipe, or no room for another process
            why = f"no worker could be started ({error.strerror})"
        return Failure("lost", self._bury() or why) if answer is None else pickle.loads(answer)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]] | None:
        """To and from the worker, which is started if need be; None once this is closed."""
        fresh = self._process is None
        with self._lock:
            if self._closed:
                return None
            if self._process is None:
                self._process, self._printed = _start(self._threads)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pipes = self._process.stdin, self._process.stdout
        if fresh:
            worker.send(pipes[0], self._greeting)
        return pipes

    def _bury(self) -> str:
        """Clear a worker away that is dead or no longer needed; how it died, if there was one."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return ""
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()
        try:
            code = process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # alive, but its pipe is shut
            process.kill()
            code = process.wait()
        assert self._printed is not None
        last = _last_line(self._printed)
        self._printed.close()
        if code < 0:
            memory = ", as happens when memory runs out" if code == -signal.SIGKILL else ""
            said = f"was killed by signal {-code} ({signal.strsignal(-code)}{memory})"
        else:
            said = f"ended with code {code}"
        return f"worker {process.pid} {said}" + (f": {last}" if last else "")


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(threads: int) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """A worker, and the file that takes what it prints."""
    # Libraries read these once, when they are imported, so a later call would come too late.
    names = ("OMP", "MKL", "OPENBLAS", "NUMBA")
    environment = {**os.environ, **{f"{name}_NUM_THREADS": str(threads) for name in names}}
    path = [entry or str(Path.cwd()) for entry in sys.path]
    printed = tempfile.TemporaryFile()  # noqa: SIM115 - `_bury` closes it
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", worker.__file__, *path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=printed,
            env=environment,
            process_group=0,  # Ctrl-C goes to the referee, which ends its workers itself
        )
    except OSError:
        printed.close()
        raise
    return process, printed


def _last_line(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2000))
    lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")
