"""The door: who may come in.

Three things must be right. The *token* from the printed link, in the link itself or in the cookie
that it was exchanged for. The *Host*, one of the names of this machine: a page elsewhere whose
name was made to point here (DNS rebinding) still says its own name. The *Origin*, where a browser
says which page asks: it must be this server's own.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
OURS = (None, "none", "same-origin")
"""What `Sec-Fetch-Site` says of a request that the person, or our own page, made."""


@dataclass(frozen=True)
class Door:
    """What must be right about a request.

    Attributes:
        token: of the printed link.
        port: that the server listens at.
        names: as which a browser may call this machine, in small letters, without a port.
        exposed: whether others on the network may come: then every IP address is a right name
            too, for no name stands in it that could be made to point elsewhere.
    """

    token: str
    port: int
    names: tuple[str, ...] = LOOPBACK
    exposed: bool = False

    @property
    def cookie(self) -> str:
        """The cookie's name: a browser keeps one jar for all ports of a machine."""
        return f"thalweg-{self.port}"

    def knows(self, host: str | None) -> bool:
        """Whether a Host header names this server.

        >>> door = Door("secret", 8470)
        >>> [door.knows(host) for host in ("localhost:8470", "localhost", "evil.example:8470")]
        [True, False, False]
        """
        split = re.fullmatch(
            r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?", (host or "").lower()
        )
        if split is None or int(split[2] or 80) != self.port:
            return False
        return split[1] in self.names or (self.exposed and _is_address(split[1]))

    def owns(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of this origin is one of ours, seen under this Host."""
        return (
            origin is not None and self.knows(host) and origin.lower() == f"http://{host}".lower()
        )

    def admits(self, token: str | None) -> bool:
        """Whether a token is the right one; how long that takes says nothing about it."""
        given = (token or "").encode("utf-8", "replace")
        return hmac.compare_digest(given, self.token.encode())

    def remembers(self, cookies: Iterable[str]) -> bool:
        """Whether the cookies of a request hold the token."""
        for line in cookies:
            try:
                found = SimpleCookie(line).get(self.cookie)
            except CookieError:
                continue
            if found is not None and self.admits(found.value):
                return True
        return False

    def key(self) -> str:
        """The cookie that is given for the token: no script reads it, no other site sends it."""
        return f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"


def names_for(host: str) -> tuple[str, ...]:
    """As which names a server bound to `host` may be called.

    >>> names_for("127.0.0.1")
    ('127.0.0.1', 'localhost', '[::1]')
    """
    if is_loopback(host):
        return LOOPBACK
    own = socket.gethostname().lower()
    return (*LOOPBACK, host.lower(), own, f"{own}.local")


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can call a server bound to `host`.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
