"""Sockets that systemd passes: what the kernel says of them, and files that contradict them."""

import os
import socket

import pytest

from storescpd.config import Environment, detected
from storescpd.config.passed import Kind, PassedSocket, described

ME = str(os.getpid())


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"LISTEN_PID": ME, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "dicom:dicom-tls"}, ["dicom", "dicom-tls"]),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "dicom"}, ["dicom", "unknown"]),
        ({"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "dicom"}, []),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "-1"}, []),
        ({"LISTEN_PID": ME}, []),
    ],
)
def test_names(variables, names):
    found = detected(variables).passed_sockets
    assert [passed.name for passed in found] == names
    assert [passed.descriptor for passed in found] == list(range(3, 3 + len(names)))


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_listening_socket(family, address):
    with socket.create_server((address, 0), family=family) as server:
        found = described(server.fileno(), "dicom")
        assert (found.kind, found.address, found.port) == (Kind.LISTENING, address, server.getsockname()[1])
        # It was only looked at.
        with socket.create_connection(server.getsockname()[:2]):
            server.accept()[0].close()


def test_what_does_not_listen(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert described(client.fileno(), "x").kind is Kind.CONNECTION
    with socket.socket() as unbound, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        assert described(unbound.fileno(), "x").kind is Kind.UNBOUND
        assert described(datagram.fileno(), "x").kind is Kind.DATAGRAM
    with socket.socket(socket.AF_UNIX) as local, (tmp_path / "file").open("w") as file:
        assert described(local.fileno(), "x").kind is Kind.LOCAL
        assert described(file.fileno(), "x").kind is Kind.NONE
        closed = os.dup(file.fileno())
    os.close(closed)
    assert described(closed, "x").kind is Kind.NONE


def listening(name, port=104, address="0.0.0.0"):
    return PassedSocket(name, 3, Kind.LISTENING, address, port)


TWO = "[[listeners]]\nname = 'dicom'\nport = 104\n[[listeners]]\nname = 'dicom-tls'\nport = 2762\n"
NAMED = "[[listeners]]\nname = 'ct'\n"

GOOD = {
    "none said": ("", [listening("dicom")]),
    "none said, no name": ("", [listening("unknown")]),
    "the unit's name": ("", [listening("storescpd.socket")]),
    "one listener, no name": (NAMED, [listening("")]),
    "by name": (TWO, [listening("dicom"), listening("dicom-tls", 2762)]),
    "a listener that the daemon binds": (TWO, [listening("dicom-tls", 2762)]),
    "several of one name": (NAMED, [listening("ct"), listening("ct", 11112), listening("ct", 104, "::1")]),
    "any port": (NAMED + "port = 0\n", [listening("ct", 7)]),
    "port and address not said": (NAMED, [listening("ct", 7, "::")]),
    "the same address": (NAMED + "address = '0:0::1'\n", [listening("ct", 7, "::1")]),
    "a host name": (NAMED + "address = 'localhost'\n", [listening("ct", 7, "127.0.0.1")]),
}


@pytest.mark.parametrize("which", GOOD)
def test_files_that_agree(problems, which):
    text, sockets = GOOD[which]
    assert problems(text, Environment(passed_sockets=tuple(sockets))) == []


def faulty(kind):
    return PassedSocket("dicom", 3, kind)


# key, words of the message, words of the remedy
BAD = {
    "a name that nobody has": (TWO, listening("mr"), "listeners", '"mr"', 'name = "mr"'),
    "a name beside the default": ("", listening("dicom-tls"), "listeners", '"dicom-tls"', 'name = "dicom-tls"'),
    "no name for two": (TWO, listening("storescpd.socket"), "listeners", "could be for any", "FileDescriptorName="),
    "port": (TWO, listening("dicom", 11112), "listeners[0].port", "is 104, but", "remove it"),
    "the other's port": (TWO, listening("dicom-tls", 104), "listeners[1].port", "is 2762, but", "remove it"),
    "family": (
        NAMED + "address = '0.0.0.0'\n", listening("ct", 104, "::"), "listeners[0].address", 'on "::"', "remove it"
    ),
    "address": (
        NAMED + "address = '10.0.0.1'\n", listening("ct"), "listeners[0].address", 'on "0.0.0.0"', "remove it"
    ),
    "a connection": ("", faulty(Kind.CONNECTION), "listeners", "is a connection", "Accept=no"),
    "not listening": ("", faulty(Kind.UNBOUND), "listeners", "does not listen", "ListenStream="),
    "datagrams": ("", faulty(Kind.DATAGRAM), "listeners", "no stream socket", "ListenStream="),
    "a local socket": ("", faulty(Kind.LOCAL), "listeners", "IPv4 or IPv6", "a port"),
    "no socket": ("", faulty(Kind.NONE), "listeners", "is no socket", "LISTEN_FDS"),
}  # fmt: skip


@pytest.mark.parametrize("which", BAD)
def test_files_that_contradict(problems, which):
    text, passed, key, message, remedy = BAD[which]
    (problem,) = problems(text, Environment(passed_sockets=(passed,)))
    assert (problem.key, problem.note) == (key, False)
    assert message in problem.message
    assert remedy in problem.remedy


def test_a_connection_is_what_inetd_passes(problems):
    assert problems("", Environment(passed_sockets=(faulty(Kind.CONNECTION),), inetd=True)) == []
