"""Networks and TCP wrappers, before TLS and before any PDU: a denial is a bare close."""

import socket

import pytest

from tests.support.daemon import storescpd
from tests.support.processes import eventually
from tests.support.rawclient import Closed
from tests.support.scenes import associate

LOOPBACK = "127.0.0.1"


def admitted(port: int, source: str = LOOPBACK) -> bool:
    try:
        with associate(port, source=source) as association:
            association.release()
    except (Closed, ConnectionError):
        return False
    return True


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ({}, (True, True)),
        ({"deny": ["127.0.0.2/32"]}, (True, False)),
        ({"allow": ["127.0.0.2/32"]}, (False, True)),
        ({"allow": ["127.0.0.0/8"], "deny": ["127.0.0.1/32"]}, (False, True)),
        ({"allow": ["10.0.0.0/8"]}, (False, False)),
    ],
)
def test_networks(access, expected, tmp_path):
    with storescpd(tmp_path / "out", {"access": access}) as daemon:
        assert (admitted(daemon.port), admitted(daemon.port, "127.0.0.2")) == expected
        assert daemon.log().count("connection denied") == expected.count(False)


def test_a_denied_peer_is_closed_without_a_byte(tmp_path):
    with storescpd(tmp_path / "out", {"access": {"deny": ["127.0.0.0/8"]}}) as daemon:
        with socket.create_connection((LOOPBACK, daemon.port), 30) as connection:
            assert connection.recv(1) == b""


def test_wrapper_files_are_read_at_each_connection(tmp_path):
    allow, deny = tmp_path / "hosts.allow", tmp_path / "hosts.deny"
    access = {"tcp_wrappers": True, "hosts_allow": str(allow), "hosts_deny": str(deny)}
    with storescpd(tmp_path / "out", {"access": access}) as daemon:
        assert admitted(daemon.port)
        deny.write_text("storescp: ALL\n")
        assert not admitted(daemon.port)
        allow.write_text("storescp: 127.0.0.2\n")
        assert (admitted(daemon.port), admitted(daemon.port, "127.0.0.2")) == (False, True)
        allow.write_text("storescp: UNKNOWN\n")
        assert admitted(daemon.port)
        allow.write_text("storescp: ALL: spawn /bin/true\n")
        assert not admitted(daemon.port)
        eventually(lambda: "would run a command" in daemon.log())


def test_names_are_known_where_they_are_looked_up(tmp_path):
    allow, deny = tmp_path / "hosts.allow", tmp_path / "hosts.deny"
    allow.write_text("storescp: localhost\n")
    deny.write_text("ALL: ALL\n")
    access = {"tcp_wrappers": True, "hosts_allow": str(allow), "hosts_deny": str(deny)}
    with storescpd(tmp_path / "out", {"access": access, "association": {"host_lookup": True}}) as daemon:
        assert admitted(daemon.port)
        eventually(lambda: "host=localhost" in daemon.log())
    with storescpd(tmp_path / "off", {"access": access}) as daemon:
        assert not admitted(daemon.port)
