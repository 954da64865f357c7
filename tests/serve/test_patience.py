"""A request that does not come to its end makes room for the others; a websocket may be silent."""

import json
import socket
import time

from thalweg.serve import limit


def test_half_a_request_is_not_waited_for_without_end(running, monkeypatch):
    monkeypatch.setattr(limit, "HEAD", 0.3)
    with socket.create_connection(("127.0.0.1", running.place.door.port), timeout=5) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x")
        assert line.recv(100) == b""  # it hung up


def test_nor_is_the_half_that_follows_a_whole_one(running, monkeypatch):
    monkeypatch.setattr(limit, "HEAD", 0.3)
    port = running.place.door.port
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\nGET / HT".encode())
        said = line.makefile("rb").read()
        assert said.startswith(b"HTTP/1.1 403")


def test_many_who_say_half_a_word_keep_nobody_out_for_long(running, monkeypatch):
    monkeypatch.setattr(limit, "HEAD", 0.3)
    address = ("127.0.0.1", running.place.door.port)
    lines = [socket.create_connection(address, timeout=5) for _ in range(limit.SOCKETS + 5)]
    for line in lines:
        line.sendall(b"GET")
    until = time.monotonic() + 10
    while (status := running.get("/").status_code) == 503 and time.monotonic() < until:
        time.sleep(0.1)
    assert status == 200
    for line in lines:
        line.close()


def test_a_websocket_may_be_silent(running, monkeypatch):
    monkeypatch.setattr(limit, "HEAD", 0.2)
    with running.talk() as line:
        time.sleep(0.7)
        line.send(json.dumps({"id": 1, "ask": "surface", "name": "bowl", "size": 2}))
        assert "answer" in json.loads(line.recv(timeout=30))
