"""Limits: how much one may ask for, and how fast.

A page needs far less. The limits keep a page that went wrong, or somebody who found the link, from
filling the memory or the processor of the machine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

MESSAGE = 64 * 1024
"""Bytes of one message."""
CONNECTIONS = 8
"""Open at once; each is a tab of the browser."""
AT_ONCE = 4
"""Asks of one connection that are handed to the threads."""
WAITING = 32
"""Asks of one connection that are not answered yet; the next is read when one is."""
SOCKETS = 64
"""Connections of any kind, before the server says that it is busy."""
PER_SECOND = 100.0
"""Messages of one connection, in the long run."""
BURST = 200.0
"""Messages of one connection, at once."""
DIGITS = 400
"""Of a whole number in a message; the largest float has 309."""
NUMBER = 1e9
"""How large a hyper-parameter may be."""
HEAD = 10.0
"""Seconds in which a request must have come; who says half of one keeps others out."""
MALFORMED = 1000
"""Unreadable messages without a readable one among them, after which a connection is closed."""
SECONDS = 30.0
"""What one ask may take; most take less than one, but the first of its kind compiles a kernel."""
THREADS = 2
"""Asks computed at once."""
CACHED = 64 * 2**20
"""Bytes of answers that are kept."""

STEPS = 1000
RUNNERS = 8
SURFACE = 401
"""Cells along one side of a surface."""
ATTRACTION = 81
"""Starts along one side of a map of attraction."""
TOGETHER = {"points": 81, "tensors": 61, "optimizers": 10}
"""The same by how a rule lets runs be done at once; measured: 0.5, 2.4 and 4 s for 300 steps."""
BASIN_STEPS = 500
"""Steps of each of them: their paths are held in memory, 52 MB at most."""
NOISE = 0.5
SEED = 2**31 - 1
LABEL = 80
"""Letters of a runner's label."""
ACROSS = 1e6
"""How far from the origin a start may lie."""

FILE = 64 * 2**20
"""Bytes of a file that is read from the folder."""
DEPTH = 4
"""Folders within folders that are looked into."""
FOLDERS = 5000
"""Folders that are looked into."""
RUNS = 500
"""Runs and races that are listed."""


class Bucket:
    """Lets through so many a second, and some at once; who comes too fast waits.

    Args:
        rate: how many a second.
        burst: how many at once.
        clock: tells the time in seconds.

    Example:
        >>> bucket = Bucket(rate=10, burst=1, clock=lambda: 0.0)
        >>> bucket.take(), bucket.take()
        (0.0, 0.1)
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._since = burst, clock()

    def take(self) -> float:
        """Take one, and say how many seconds to wait for it."""
        now = self._clock()
        self._left = min(self._burst, self._left + self._rate * (now - self._since)) - 1
        self._since = now
        return max(0.0, -self._left / self._rate)

    async def wait(self) -> None:
        """Take one, when it is there."""
        seconds = self.take()
        if seconds:
            await asyncio.sleep(seconds)
