"""How a test calls the server: a real one, on a free port, in a thread of this process."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
import torch
from websockets.sync.client import ClientConnection, connect

from thalweg.serve.folder import Folder
from thalweg.serve.server import Place, bind, make


@dataclass
class Running:
    """A server that runs, and its folder."""

    place: Place
    folder: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.place.door.port}"

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"{self.place.door.cookie}={self.place.door.token}"}

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask as the page does, with the cookie."""
        return httpx.get(self.address + path, headers={**self.cookie, **headers}, timeout=30)

    def talk(self, **changed: Any) -> ClientConnection:
        """Open the websocket as the page does."""
        given = {"origin": self.address, "additional_headers": self.cookie, "max_size": None}
        address = self.address.replace("http", "ws") + "/talk"
        return connect(address, **{**given, **changed}, open_timeout=30)

    def ask(self, **fields: Any) -> dict[str, Any]:
        """One message on a connection of its own, and what comes back."""
        with self.talk() as line:
            line.send(json.dumps({"id": 7, **fields}))
            return json.loads(line.recv(timeout=60))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Threads would only wait for each other on tasks this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over a folder with one run and one race in it."""
    folder = tmp_path_factory.mktemp("runs")
    for name, record in (("first", "record.json"), ("deep/race", "race.json")):
        (folder / name).mkdir(parents=True)
        (folder / name / record).write_text("{}")
        (folder / name / "page.html").write_text(f"<!doctype html><p>page of {name}")
    (folder.parent / "page.html").write_text("outside")
    place, ready = bind(port=0), Event()
    server = make(place, Folder(folder), ready.set)
    thread = Thread(target=server.run, args=([place.socket],))
    thread.start()
    assert ready.wait(60)
    yield Running(place, folder)
    server.should_exit = True
    thread.join(30)
    place.socket.close()
    assert not thread.is_alive()
