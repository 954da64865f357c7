"""The application: what is answered at which address, behind the guard.

GET /             the page
GET /page/NAME    its parts: a list that is read once, so that no address is ever a path
GET /report/ID    the report of a run or a race
websocket /talk   everything else
"""

from __future__ import annotations

import asyncio
from functools import partial
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from thalweg.serve import limit
from thalweg.serve.door import Door
from thalweg.serve.folder import Folder
from thalweg.serve.guard import Guard
from thalweg.serve.session import Session
from thalweg.serve.talk import Talk
from thalweg.serve.worker import Workers
from thalweg.web.page import POLICY

TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# A report brings scripts of its own, and somebody else may have put it into the folder. In the
# sandbox it is a stranger: it has no cookie, can ask nobody, and can't reach the page around it.
REPORT = (
    f"{POLICY}; sandbox allow-scripts allow-downloads; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'"
)


def application(folder: Folder, door: Door, *, warm: bool = False) -> ASGIApp:
    """The server as an ASGI application.

    Args:
        folder: whose runs and races may be looked at.
        door: who may come in.
        warm: load beforehand, in a thread, what the first ask would wait for.

    Returns:
        The application; `thalweg.serve.server` runs it.
    """
    parts = page_parts()
    session, workers = Session(folder), Workers(limit.THREADS, limit.SECONDS)
    talk = Talk(session, workers)
    if warm:
        workers.start(session.warm)
    routes = [
        Route("/", partial(_part, parts, "index.html"), methods=["GET"]),
        Route("/favicon.ico", _nothing, methods=["GET"]),
        Route("/page/saved.html", _Saved().__call__, methods=["GET"]),
        Route("/page/{name:path}", partial(_named_part, parts), methods=["GET"]),
        Route("/report/{run}", partial(_report, folder), methods=["GET"]),
        WebSocketRoute("/talk", talk.__call__),
    ]
    return Guard(Starlette(routes=routes), door)


def page_parts() -> dict[str, bytes]:
    """The files of the page, by their names below its folder."""
    root = Path(str(files("thalweg.serve") / "page"))
    found = (file for file in root.rglob("*") if file.suffix in TYPES and file.is_file())
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in found}


async def _part(parts: dict[str, bytes], name: str, request: Request) -> Response:
    if name not in parts:
        return PlainTextResponse("there is no such page\n", 404)
    return Response(parts[name], media_type=TYPES[Path(name).suffix])


async def _named_part(parts: dict[str, bytes], request: Request) -> Response:
    return await _part(parts, request.path_params["name"], request)


async def _nothing(request: Request) -> Response:
    return Response(status_code=204)


class _Saved:
    """The page in one file without data, made when it is asked for first."""

    def __init__(self) -> None:
        self._text: str | None = None

    async def __call__(self, request: Request) -> Response:
        if self._text is None:
            from thalweg.serve import saved

            self._text = await asyncio.to_thread(saved.shell)
        return Response(self._text, media_type="text/html")


async def _report(folder: Folder, request: Request) -> Response:
    try:
        content = await asyncio.to_thread(folder.read, request.path_params["run"], "page.html")
    except ValueError as error:
        return PlainTextResponse(f"{error}\n", 404)
    return Response(content, media_type="text/html", headers={"content-security-policy": REPORT})
