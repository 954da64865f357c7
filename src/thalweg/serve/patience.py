"""Patience: a request that does not come to its end is not waited for without end.

The connections are counted, and whoever opens all of them and says half a word on each would keep
everybody else out, without any token. uvicorn has no such limit for a request's head.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from thalweg.serve import limit


class Patient(H11Protocol):
    """HTTP as uvicorn speaks it; a connection that is neither answered nor done asking is closed.

    Every `limit.HEAD` seconds it looks whether a new request has come since it looked last.
    """

    _watch: asyncio.TimerHandle | None = None
    _seen: Any = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        self._watch = self.loop.call_later(limit.HEAD, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to watch."""
        self._leave()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """A websocket may be silent as long as it likes; only its own room is counted."""
        self._leave()
        super().handle_websocket_upgrade(event)

    def _leave(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def _look(self) -> None:
        done = self.cycle is None or self.cycle.response_complete
        if done and self.cycle is self._seen:
            self.transport.close()
            return
        self._seen = self.cycle
        self._watch = self.loop.call_later(limit.HEAD, self._look)
