"""The guard: stands before everything else, refuses who may not come in, and seals what goes out.

What a browser may do with our page is said in the headers of every answer: run our own scripts,
talk to this server, and nothing else; be shown inside no other site's page; tell nobody the link,
which holds the token.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thalweg.serve.door import OURS, Door

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'{sockets}; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'"
)
SEALS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
# A link that is clicked in another site's page, such as a terminal in the browser, starts a
# navigation to which browsers add no strict cookie, not even after a redirect. One that our own
# answer starts is our own.
ENTER = "location.replace('/' + location.hash)"
ENTER_HASH = "sha256-" + b64encode(sha256(ENTER.encode()).digest()).decode()


class Guard:
    """An application behind the door.

    Args:
        app: the application.
        door: what must be right about a request.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        headers = Headers(scope=scope)
        refused = self._why_not(scope, headers)
        if scope["type"] == "websocket":
            if refused is None:
                await self._app(scope, receive, send)
            else:
                # Before it is accepted, this is an answer of status 403.
                await send({"type": "websocket.close", "code": 1008})
            return
        sealed = _sealing(send, headers.get("host", "") if refused is None else "")
        if refused is not None:
            await refused(scope, receive, sealed)
        elif scope["path"] == "/" and _token(scope) is not None:
            await self._enter(headers)(scope, receive, sealed)
        else:
            await self._app(scope, receive, sealed)

    def _why_not(self, scope: Scope, headers: Headers) -> Response | None:
        """What a request is told that may not come in; None if it may."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        host = hosts[0] if len(hosts) == 1 else None
        if not self._door.knows(host):
            return _no("this server is called by the address that `thalweg serve` printed")
        asks = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if (asks or origins) and not (len(origins) == 1 and self._door.owns(origins[0], host)):
            return _no("only this server's own page may ask")
        if not self._has_token(scope, headers):
            return _no("open the link that `thalweg serve` printed; it holds the token")
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("refused: GET is all there is\n", 405, {"allow": "GET, HEAD"})
        return None

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        token = _token(scope)
        if token is not None:
            return self._door.admits(token)
        # Where a browser says that another site's page asks, a cookie is no proof.
        ours = headers.get("sec-fetch-site") in OURS
        return ours and self._door.remembers(headers.getlist("cookie"))

    def _enter(self, headers: Headers) -> Response:
        """Take the token out of the address bar, and give the cookie for it."""
        if headers.get("sec-fetch-site") in OURS:
            answer: Response = RedirectResponse("/", 303)
        else:
            answer = HTMLResponse(f"<!doctype html><title>thalweg</title><script>{ENTER}</script>")
            answer.headers["content-security-policy"] = (
                f"default-src 'none'; script-src '{ENTER_HASH}'; frame-ancestors 'none'"
            )
        answer.headers["set-cookie"] = self._door.key()
        return answer


def _token(scope: Scope) -> str | None:
    """The token in the address, the first one; None if there is none."""
    try:
        found = parse_qs(scope["query_string"].decode("ascii"), keep_blank_values=True)
    except ValueError:
        return ""
    return found["token"][0] if "token" in found else None


def _no(why: str) -> Response:
    return PlainTextResponse(f"refused: {why}\n", 403)


def _sealing(send: Send, host: str) -> Send:
    # 'self' covers websockets in today's browsers; older ones want the address.
    policy = POLICY.format(sockets=f" ws://{host}" if host else "")

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: Any = MutableHeaders(scope=message)
            for name, value in SEALS.items():
                headers.setdefault(name, value)
            headers.setdefault("content-security-policy", policy)
        await send(message)

    return sealed
