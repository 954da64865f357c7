"""The server takes a port of this machine's own, and says in one line why it can't."""

import socket

import pytest

from thalweg.serve.server import bind, serve


def test_the_link_holds_a_token_that_is_new_each_time():
    first, second = bind(port=0), bind(port=0)
    first.socket.close()
    second.socket.close()
    assert first.link == f"http://127.0.0.1:{first.door.port}/?token={first.door.token}"
    assert first.door.token != second.door.token
    assert len(first.door.token) >= 43  # 32 bytes
    assert first.socket.family is socket.AF_INET


def test_only_this_machine_can_reach_it():
    place = bind(port=0)
    assert place.socket.getsockname()[0] == "127.0.0.1"
    assert not place.door.exposed
    place.socket.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_another_host_has_to_be_meant(host):
    with pytest.raises(ValueError, match=r"--host .* lets others .* --expose"):
        bind(host, 0)


def test_an_exposed_server_knows_the_addresses_of_this_machine():
    place = bind("0.0.0.0", 0, expose=True)
    place.socket.close()
    assert place.door.knows(f"10.0.0.7:{place.door.port}")
    assert not place.door.knows(f"evil.example:{place.door.port}")


def test_a_port_that_is_taken_is_said_in_one_line():
    taken = bind(port=0)
    with pytest.raises(ValueError, match=r"^port \d+ is taken; --port 0 takes any that is free$"):
        bind(port=taken.door.port)
    taken.socket.close()


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_port_that_there_is_not_is_said_in_one_line(port):
    with pytest.raises(ValueError, match=r"outside \[0, 65535\]"):
        bind(port=port)


def test_a_host_that_is_not_here_is_said_in_one_line():
    with pytest.raises(ValueError, match="can't be listened at"):
        bind("203.0.113.7", 0, expose=True)


def test_the_folder_is_looked_at_before_the_port_is_taken(tmp_path):
    with pytest.raises(ValueError, match="there is no such folder"):
        serve(tmp_path / "nothing", port=0)
