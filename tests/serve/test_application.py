"""Addresses are names on a list, never paths; a report is a stranger in its own page."""

import socket

import pytest

from thalweg.serve.application import page_parts
from thalweg.serve.folder import Folder


def test_the_page_and_its_parts_are_served_as_they_are(running):
    parts = page_parts()
    assert running.get("/").content == parts["index.html"]
    kinds = {"js": "text/javascript", "css": "text/css", "html": "text/html"}
    for name, content in parts.items():
        answer = running.get(f"/page/{name}")
        assert answer.content == content
        assert answer.headers["content-type"].startswith(kinds[name.rpartition(".")[2]])


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/page/",
            "/page/..",
            "/page/../server.py",
            "/page/%2e%2e/server.py",
            "/page//etc/passwd",
        ),
        *("/page/..%2fserver.py", "/page/vendor", "/page/index.html/", "/page/%00", "/server.py"),
        *("/report/", "/report/first", "/report/..", "/report/%2e%2e%2fpage.html", "/report/%00"),
        *("/report/../page.html", "/report/....//page.html", "/talk", "/page/%ff%fe", "/%"),
    ],
)
def test_whatever_is_not_on_the_list_is_not_there(running, path):
    # By hand: a client would put the dots in order before it sends them.
    lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{running.place.door.port}"]
    lines += [f"Cookie: {running.cookie['Cookie']}", "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", running.place.door.port), timeout=30) as line:
        line.sendall("\r\n".join(lines).encode())
        answer = line.makefile("rb").read()
    assert answer.split()[1] == b"404"
    assert len(answer.partition(b"\r\n\r\n")[2]) < 200
    assert b"outside" not in answer


def test_a_report_is_shown_in_a_sandbox_that_reaches_nobody(running):
    run = next(one for one in Folder(running.folder).runs() if one.name == "deep/race")
    answer = running.get(f"/report/{run.id}")
    assert "page of deep/race" in answer.text
    policy = {
        part.split()[0]: part.split()[1:]
        for part in answer.headers["content-security-policy"].split(";")
    }
    assert set(policy["sandbox"]) == {"allow-scripts", "allow-downloads"}
    assert policy["default-src"] == ["'none'"]
    assert "connect-src" not in policy
    assert policy["frame-ancestors"] == ["'self'"]


def test_a_report_that_became_a_link_is_not_shown(running):
    (running.folder / "bad").mkdir()
    (running.folder / "bad" / "record.json").write_text("{}")
    page = running.folder / "bad" / "page.html"
    page.symlink_to(running.folder.parent / "page.html")
    (run,) = (one for one in Folder(running.folder).runs() if one.name == "bad")
    assert not run.report
    answer = running.get(f"/report/{run.id}")
    page.unlink()
    assert answer.status_code == 404
    assert "outside" not in answer.text.partition("can't be read")[0]
