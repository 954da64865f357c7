"""The server: binds, says its link, runs until Ctrl-C."""

from __future__ import annotations

import errno
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from thalweg.serve import limit
from thalweg.serve.application import application
from thalweg.serve.door import Door, is_loopback, names_for
from thalweg.serve.folder import Folder
from thalweg.serve.patience import Patient

HOST, PORT = "127.0.0.1", 8470
HEADER = 16 * 1024
"""Bytes of a request's head."""


@dataclass(frozen=True)
class Place:
    """Where the server listens.

    Attributes:
        socket: bound, not yet listening.
        door: who may come in.
        link: opens the page.
    """

    socket: socket.socket
    door: Door
    link: str


def bind(host: str = HOST, port: int = PORT, *, expose: bool = False) -> Place:
    """Take a port.

    Args:
        host: the address to listen at.
        port: which; 0 for any that is free.
        expose: allow a host that others on the network can reach.

    Returns:
        The place, with a token of its own.

    Raises:
        ValueError: the port is taken or out of range, there is no such host here, or it can be
            reached from outside and that was not allowed.
    """
    if not is_loopback(host) and not expose:
        raise ValueError(
            f"--host {host} lets others on the network in; add --expose if that is meant, "
            "or leave --host out"
        )
    if not 0 <= port <= 65535:
        raise ValueError(f"--port {port} is outside [0, 65535]; 0 takes any that is free")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ValueError(_why_not(error, host, port)) from error
    port = bound.getsockname()[1]
    token = secrets.token_urlsafe(32)
    door = Door(token, port, names_for(host), exposed=not is_loopback(host))
    name = f"[{host}]" if ":" in host else host
    return Place(bound, door, f"http://{name}:{port}/?token={token}")


def make(
    place: Place, folder: Folder, ready: Callable[[], object] = lambda: None, *, warm: bool = False
) -> uvicorn.Server:
    """A server that is not running yet; `.run([place.socket])` runs it.

    Args:
        place: where.
        folder: whose runs and races may be looked at.
        ready: called when the first request can be answered.
        warm: load beforehand what the first ask would wait for.
    """

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    config = uvicorn.Config(
        application(folder, place.door, warm=warm),
        http=Patient,
        ws="websockets-sansio",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,  # it would write the token down
        server_header=False,
        proxy_headers=False,  # nobody stands between the browser and us
        limit_concurrency=limit.SOCKETS,
        h11_max_incomplete_event_size=HEADER,
        ws_max_size=limit.MESSAGE,
        ws_per_message_deflate=False,  # so that what is short stays short in memory
        timeout_graceful_shutdown=1,
    )
    return Server(config)


def serve(
    folder: str | Path = ".",
    *,
    host: str = HOST,
    port: int = PORT,
    expose: bool = False,
    ready: Callable[[str], object] = print,
) -> None:
    """Open a page on surfaces, runs and races, until Ctrl-C.

    Args:
        folder: whose runs and races are listed; nothing outside of it is read.
        host: the address to listen at.
        port: which; 0 for any that is free.
        expose: allow a host that others on the network can reach.
        ready: called with the link as soon as it can be opened.

    Raises:
        ValueError: no such folder, a port that is taken, or a host that is not allowed.
        KeyboardInterrupt: Ctrl-C.
    """
    found = Folder(Path(folder))
    place = bind(host, port, expose=expose)
    with place.socket:
        make(place, found, lambda: ready(place.link), warm=True).run([place.socket])
    # uvicorn ends only when it was told to. It passes the signal on, but a job that a shell put
    # into the background was set to ignore it.
    raise KeyboardInterrupt


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken; --port 0 takes any that is free"
    if error.errno == errno.EACCES:
        return f"port {port} is the system's; 8470 is usual"
    return f"--host {host} can't be listened at ({_said(error)}); 127.0.0.1 is usual"


def _said(error: OSError) -> str:
    # asyncio's and socket's own additions name the address again, at length.
    return (error.strerror or str(error)).partition(" (while")[0]
