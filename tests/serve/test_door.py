"""The door lets in who has the token, calls this machine by its name, and asks from its page."""

import pytest

from thalweg.serve.door import Door, is_loopback, names_for

DOOR = Door("secret", 8470)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8470", "localhost:8470", "LOCALHOST:8470", "[::1]:8470"]
)
def test_the_names_of_this_machine_are_known(host):
    assert DOOR.knows(host)


@pytest.mark.parametrize(
    "host",
    [
        *(None, "", "evil.example", "evil.example:8470", "localhost", "localhost:80"),
        *("127.0.0.1:84700", "127.0.0.1:8470.evil.example", "localhost.evil.example:8470"),
        *("127.0.0.2:8470", "192.168.1.5:8470", "localhost:8470@evil.example", " localhost:8470"),
        *(
            "localhost:8470\n",
            "localhost:٨٤٧٠",
            "127.0.0.1:8470:8470",
            "[::1]:",
            "user@localhost:8470",
        ),
    ],
)
def test_any_other_name_is_not(host):
    assert not DOOR.knows(host)


def test_a_port_that_browsers_leave_out_is_80():
    assert Door("secret", 80).knows("localhost")


def test_an_exposed_door_knows_addresses_for_no_name_can_be_made_to_point_at_them():
    door = Door("secret", 8470, names_for("0.0.0.0"), exposed=True)
    assert door.knows("192.168.1.5:8470")
    assert door.knows("[fe80::1]:8470")
    assert not door.knows("evil.example:8470")


@pytest.mark.parametrize(
    "origin",
    [None, "null", "", "http://evil.example", "https://localhost:8470", "http://localhost"],
)
def test_only_the_page_that_this_server_gave_out_is_its_own(origin):
    assert DOOR.owns("http://localhost:8470", "localhost:8470")
    assert not DOOR.owns(origin, "localhost:8470")


def test_a_page_of_another_of_our_names_is_not_ours():
    assert not DOOR.owns("http://127.0.0.1:8470", "localhost:8470")


@pytest.mark.parametrize("token", [None, "", "secre", "secrets", "Secret", "sécret", "\ud800"])
def test_any_other_token_is_wrong(token):
    assert DOOR.admits("secret")
    assert not DOOR.admits(token)


@pytest.mark.parametrize(
    "cookie",
    ["", ";;;", "thalweg-8470", "thalweg-8470=", "thalweg-8471=secret", "=secret", "\x00=;"],
)
def test_a_cookie_that_does_not_hold_the_token_opens_nothing(cookie):
    assert DOOR.remembers(["other=1; thalweg-8470=secret"])
    assert not DOOR.remembers([cookie])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_others_can_reach_every_host_but_loopback(host):
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback(host)
