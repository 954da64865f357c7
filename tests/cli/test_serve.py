"""`thalweg serve` says its link, serves until Ctrl-C, and complains in one line."""

import re
import signal
import socket
import urllib.error
import urllib.request

import pytest

from thalweg.cli import serve
from thalweg.serve import server


def opened(process):
    """The link that a server prints."""
    return re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", process.stdout.readline())[0]


def test_the_link_opens_the_page_and_ctrl_c_ends_it_calmly(start, place):
    process = start("serve", place, "--port", 0, "--no-open")
    link = opened(process)
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(link, timeout=60) as answer:
        assert answer.status == 200
        assert b"<!doctype html>" in answer.read(100).lower()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(link[:-1], timeout=60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "thalweg: stopped serving\n"


def test_the_browser_is_opened_unless_one_says_not_to(call, place, monkeypatch):
    told = []
    monkeypatch.setattr(serve, "run", lambda *_, ready, **__: ready("http://127.0.0.1:1/?token=x"))
    monkeypatch.setattr("webbrowser.open", told.append)
    assert call("serve", "--no-open").exit_code == 0
    assert told == []
    assert "http://127.0.0.1:1/?token=x" in call("serve").stdout
    assert told == ["http://127.0.0.1:1/?token=x"]


def test_a_port_that_is_taken_is_said(complaint, place):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = complaint("serve", "--port", port)
    assert said == f"port {port} is taken; --port 0 takes any that is free"


def test_others_are_let_in_only_when_that_is_meant_and_then_it_is_said(
    complaint, call, monkeypatch
):
    assert "--expose" in complaint("serve", "--host", "0.0.0.0")
    monkeypatch.setattr(serve, "run", lambda *_, **__: None)
    assert call("serve", "--host", "0.0.0.0", "--expose").stderr.startswith("warning: everybody")
    assert call("serve", "--expose").stderr == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "nowhere: there is no such folder"),
        (("mine.py",), "mine.py: there is no such folder"),
        (("--port", "99999"), "--port 99999 is outside"),
        (("--port", "many"), "Invalid value for '--port'"),
        (("--host", "127.0.0.300"), "lets others on the network in"),
    ],
)
def test_bad_input_gets_one_line(complaint, words, said):
    assert said in complaint("serve", *words)


def test_the_usual_port_is_the_one_in_the_help(call):
    assert str(server.PORT) in call("serve", "--help").stdout
