"""A worker process: reads work from its input, performs it, and writes what came of it.

Run as a file by `Processes`, so that nothing but the standard library is imported before it
listens: a worker whose referee dies while torch is still being imported dies with it. The end of
its input is the only sign it needs, and the system gives it however the referee ends.

A message is its length in 8 bytes, then a pickle.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from queue import SimpleQueue
from threading import Thread
from typing import IO


def send(file: IO[bytes], message: bytes) -> None:
    """Write one message."""
    file.write(len(message).to_bytes(8))
    file.write(message)
    file.flush()


def receive(file: IO[bytes]) -> bytes | None:
    """Read one message; None at the end, also if that comes in the middle of one."""
    head = file.read(8)
    length = int.from_bytes(head) if len(head) == 8 else 0
    message = file.read(length)
    return message if length and len(message) == length else None


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the referee's to answer
    answers = os.fdopen(os.dup(1), "wb")
    # What the task prints must not come between the answers, nor a child that it forks keep them
    # open after this process is gone.
    os.dup2(2, 1)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: os.close(answers.fileno()))
    messages: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(sys.stdin.buffer, messages), daemon=True).start()

    sys.path[:] = sys.argv[1:]
    reference, surroundings = pickle.loads(messages.get())
    surroundings.settle()
    from thalweg.race.perform import attempt

    while True:
        send(answers, pickle.dumps(attempt(reference, pickle.loads(messages.get()))))


def _listen(source: IO[bytes], messages: SimpleQueue[bytes]) -> None:
    while (message := receive(source)) is not None:
        messages.put(message)
    os._exit(0)  # whatever is being computed: nobody waits for it


if __name__ == "__main__":
    _main()
