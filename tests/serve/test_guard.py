"""Who has no token, another name or another page is refused; all answers are sealed."""

import socket
from base64 import b64encode
from hashlib import sha256

import httpx
import pytest
from websockets.exceptions import InvalidStatus

PATHS = ["/", "/page/index.html", "/report/0123456789abcdef", "/favicon.ico", "/nothing"]


def raw(running, *lines):
    """The status of a request written by hand, for what a client would not send."""
    with socket.create_connection(("127.0.0.1", running.place.door.port), timeout=30) as line:
        line.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        return int(line.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_shown(running, path):
    answer = httpx.get(running.address + path)
    assert answer.status_code == 403
    assert answer.text.startswith("refused: ")


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_token_is_refused_even_beside_the_right_cookie(running, path):
    assert running.get(f"{path}?token=wrong").status_code == 403


def test_the_link_is_exchanged_for_a_cookie_that_no_script_reads(running):
    entered = httpx.get(running.place.link)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    flags = {flag.strip() for flag in entered.headers["set-cookie"].split(";")[1:]}
    assert flags == {"HttpOnly", "SameSite=Strict", "Path=/"}
    with httpx.Client(follow_redirects=True) as browser:
        page = browser.get(running.place.link)
    assert page.status_code == 200
    assert "token" not in str(page.url)


def test_a_link_clicked_in_another_sites_page_enters_by_a_page_of_ours(running):
    # Browsers send no strict cookie after a redirect in a navigation that another site started.
    entered = httpx.get(running.place.link, headers={"Sec-Fetch-Site": "cross-site"})
    assert entered.status_code == 200
    script = entered.text.partition("<script>")[2].partition("</script>")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in entered.headers["content-security-policy"]
    assert "set-cookie" in entered.headers


def test_another_sites_page_is_refused_whatever_cookie_comes_with_it(running):
    for site in ("cross-site", "same-site"):
        assert running.get("/", **{"Sec-Fetch-Site": site}).status_code == 403
    for site in ("same-origin", "none"):
        assert running.get("/", **{"Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "localhost", "127.0.0.1:1"])
def test_another_name_is_refused_for_it_may_have_been_made_to_point_here(running, host):
    host = host.format(running.place.door.port)
    assert running.get("/", Host=host).status_code == 403


def test_a_request_with_two_names_or_none_is_refused(running):
    token, port = running.place.door.token, running.place.door.port
    line, name = f"GET /?token={token} HTTP/1.1", f"Host: localhost:{port}"
    assert raw(running, line, name) == 303
    assert raw(running, line, name, "Host: evil.example") in (400, 403)
    assert raw(running, line) in (400, 403)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MAKE"])
def test_nothing_but_reading_is_done(running, method):
    address, cookie = running.address, running.cookie
    ours = {**cookie, "Origin": address}
    theirs = {**cookie, "Origin": "http://evil.example"}
    assert httpx.request(method, f"{address}/", headers=ours).status_code == 405
    assert httpx.request(method, f"{address}/", headers=theirs).status_code == 403
    assert httpx.request(method, f"{address}/", headers=cookie).status_code == 403


def test_reading_for_another_page_is_refused(running):
    assert running.get("/", Origin="http://evil.example").status_code == 403
    assert running.get("/", Origin="null").status_code == 403
    assert running.get("/", Origin=running.address).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None, "https://127.0.0.1:{}"])
def test_the_websocket_is_refused_to_another_page(running, origin):
    origin = origin and origin.format(running.place.door.port)
    with pytest.raises(InvalidStatus, match="403"), running.talk(origin=origin):
        pass


def test_the_websocket_is_refused_without_the_token(running):
    for headers in ({}, {"Cookie": f"{running.place.door.cookie}=wrong"}):
        with pytest.raises(InvalidStatus, match="403"), running.talk(additional_headers=headers):
            pass
    with running.talk() as line:
        line.send("{}")
        assert "error" in line.recv(timeout=30)


def test_the_websocket_is_refused_under_another_name(running):
    port = running.place.door.port
    status = raw(
        running,
        "GET /talk HTTP/1.1",
        f"Host: evil.example:{port}",
        f"Origin: http://evil.example:{port}",
        f"Cookie: {running.cookie['Cookie']}",
        *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    assert status == 403


@pytest.mark.parametrize("path", [*PATHS, "/?token=wrong"])
def test_every_answer_forbids_outside_addresses_and_tells_nobody_the_link(running, path):
    headers = running.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    ours = ("'self'", "'none'", "data:", "blob:", "http://127.0.0.1", "ws://127.0.0.1")
    sources = [word for part in policy.split(";") for word in part.split()[1:]]
    assert [word for word in sources if not word.startswith(ours)] == []
    assert "script-src 'self';" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
