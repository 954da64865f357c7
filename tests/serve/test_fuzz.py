"""Five hundred malformed requests and messages: each refused, the server alive, its memory flat."""

import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from websockets.sync.client import connect

ROOT = Path(__file__).parents[2]
FLAT = 8 * 2**20
"""Bytes that the server may grow by: its memory is taken and given back in pieces of megabytes."""
WORDS = [
    *("id", "ask", "tracks", "surface", "attraction", "terrain", "catalogue", "name", "size"),
    *("runners", "hypers", "ramp", "rule", "lr", "steps", "start", "ravine", "sgd", "adam", "run"),
]
ODD = [
    *(None, True, -1, 0, 1, 1.5, 1e308, -1e-320, 10**60, "", "\x00", "\ud800", "../..", "é" * 50),
    *("__class__", "x" * 5000, "NaN", [], {}, [[[[]]]], {"": {"": {}}}, "<script>", "%s%n"),
]


@pytest.fixture
def server(tmp_path):
    """A server in a process of its own; its process, its address and its token."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "record.json").write_text("{}")
    code = "from thalweg.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "serve", str(tmp_path), "--port", "0", "--no-open"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
    )
    link = re.search(r"http://(\S+)/\?token=(\S+)", process.stdout.readline())
    yield process, link[1], link[2]
    process.terminate()
    said = process.communicate(timeout=30)[1]
    assert "Traceback" not in said


def memory(process):
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")


def junk(generator, depth=0):
    """A value as JSON has it, of known words in unknown places and odd values in known ones."""
    kind = generator.random()
    if depth > 3 or kind < 0.5:
        return generator.choice(ODD if generator.random() < 0.6 else WORDS)
    if kind < 0.7:
        return [junk(generator, depth + 1) for _ in range(generator.randrange(4))]
    names = [generator.choice(WORDS) for _ in range(generator.randrange(5))]
    return {name: junk(generator, depth + 1) for name in names}


def message(generator):
    """A malformed message: no JSON, bytes, or JSON that asks for nothing that there is."""
    kind = generator.randrange(5)
    if kind == 0:
        return generator.randbytes(generator.randrange(200))
    if kind == 1:
        whole = json.dumps({"id": 1, "ask": "surface", "name": "bowl", "size": 9})
        return whole[: generator.randrange(len(whole) - 1)]
    if kind == 2:
        return json.dumps(junk(generator))
    asked = {"id": generator.choice([1, 2, *ODD]), "ask": generator.choice(WORDS[2:6])}
    fields = {name: junk(generator) for name in generator.sample(WORDS, 4) if name not in asked}
    return json.dumps({**asked, **fields, "surplus": junk(generator)})


def request(generator, host, token):
    """A request that must be refused: odd bytes, or one thing wrong."""
    method = generator.choice(["GET", "HEAD", "POST", "PUT", "OPTIONS", "get", "\x16\x03", "G ET"])
    path = generator.choice(
        ["/", "/page/../x", "/report/x", "/%00", "//", "*", "http://evil/", "/?token=", "/?token=x"]
    )
    path += "".join(chr(generator.randrange(33, 256)) for _ in range(generator.randrange(30)))
    lines = [f"{method} {path} HTTP/1.1"]
    lines.append(f"Host: {generator.choice([host, 'evil.example', '', host + '.evil'])}")
    if generator.random() < 0.5:
        lines.append(f"Cookie: {generator.choice(['a=b', ';;', 'thalweg=' + token[:-1]])}")
    if generator.random() < 0.3:
        lines.append("Content-Length: " + generator.choice(["10", "-1", "9" * 30, "x"]))
    if generator.random() < 0.2:
        lines.append("Upgrade: websocket\r\nConnection: Upgrade")
    if generator.random() < 0.1:
        lines.append("X: " + "x" * 100_000)
    if generator.random() < 0.2:
        return generator.randbytes(300)
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")


def send(host, content):
    """The status line of what comes back; nothing if the server just hung up."""
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), timeout=20) as line:
        try:
            line.sendall(content)
            line.shutdown(socket.SHUT_WR)
            return line.makefile("rb").readline()
        except ConnectionError:  # it hung up before it had read all of it
            return b""


def work(process):
    """Ticks of processor time that a process has had."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def settled(process):
    """The memory of a server that is idle: what it loads once, kernels and all, is loaded."""
    for _ in range(120):
        before = work(process)
        time.sleep(1)
        if work(process) - before <= 2:
            break
    return memory(process)


def rounds(generator, host, token, count):
    """Send so many malformed requests and messages, each refused."""
    for _ in range(count):
        status = send(host, request(generator, host, token))
        assert re.match(rb"$|HTTP/1.1 4\d\d ", status), status
    cookie = {"Cookie": f"thalweg-{host.rpartition(':')[2]}={token}"}
    origin = f"http://{host}"
    with connect(f"ws://{host}/talk", origin=origin, additional_headers=cookie) as line:
        for _ in range(count):
            line.send(message(generator))
            told = json.loads(line.recv(timeout=30))
            assert set(told) == {"id", "error"}
            assert len(told["error"]) <= 400
        line.send(json.dumps({"id": 3, "ask": "surface", "name": "bowl", "size": 3}))
        told = json.loads(line.recv(timeout=60))
        assert told["answer"]["height"][1][1] == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_five_hundred_malformed_requests_and_messages_change_nothing(server):
    process, host, token = server
    generator = random.Random(0)
    rounds(generator, host, token, 100)  # the first take what every server takes once
    before = settled(process)
    rounds(generator, host, token, 500)
    assert process.poll() is None
    assert settled(process) - before < FLAT
