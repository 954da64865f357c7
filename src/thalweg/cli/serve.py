"""`thalweg serve`: the page in the browser, until Ctrl-C."""

from __future__ import annotations

import sys
from pathlib import Path

from thalweg.cli.complaint import Stopped
from thalweg.serve.door import is_loopback
from thalweg.serve.server import serve as run

EXPOSED = (
    "warning: everybody on this network who has the link can look at the runs in this folder and "
    "let this machine compute; the link and all that is shown go over the network unencrypted"
)


def serve(folder: Path | None, *, host: str, port: int, expose: bool, open_page: bool) -> None:
    """Serve, and say the link that opens the page.

    Raises:
        ValueError: bad input of any kind.
        Stopped: Ctrl-C.
    """

    def ready(link: str) -> None:
        print(f"open {link}\nCtrl-C ends it", flush=True)
        if open_page:
            import webbrowser

            webbrowser.open(link)

    if expose and not is_loopback(host):
        print(EXPOSED, file=sys.stderr)
    try:
        run(folder or Path(), host=host, port=port, expose=expose, ready=ready)
    except KeyboardInterrupt:
        raise Stopped("stopped serving") from None
