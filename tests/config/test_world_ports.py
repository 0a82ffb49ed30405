"""Ports: free, or held by those who should."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from storescpd.config import Environment
from storescpd.config.passed import Kind, PassedSocket

STORAGE = "[storage]\ndirectory = 'SPOOL'\nmin_free = 0\n"
NOTHING_PASSED = Environment()


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def on_port(port, address="127.0.0.1"):
    return STORAGE + f"[[listeners]]\naddress = '{address}'\nport = {port}\n"


def test_a_free_port(check, listening):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert check(on_port(free), NOTHING_PASSED) == []
    assert check(on_port(free, "localhost"), NOTHING_PASSED) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_a_port_that_another_program_holds(check, listening, address):
    (problem,) = check(on_port(listening, address), NOTHING_PASSED)
    assert (problem.key, problem.note) == ("listeners[0].port", False)
    assert f"port {listening} is held by process {os.getpid()}" in problem.message


def test_metrics_port(check, listening):
    (problem,) = check(STORAGE + f"[metrics]\naddress = '127.0.0.1:{listening}'")
    assert problem.key == "metrics.address"


def test_a_passed_socket_needs_no_port(check, listening):
    passed = PassedSocket("dicom", 3, Kind.LISTENING, "127.0.0.1", listening)
    assert check(on_port(listening), Environment(passed_sockets=(passed,))) == []
    assert check(on_port(listening), Environment(inetd=True)) == []


def test_an_address_of_another_host(check):
    (problem,) = check(on_port(11112, "192.0.2.1"), NOTHING_PASSED)
    assert (problem.key, problem.message) == ("listeners[0].address", "this host has no address 192.0.2.1")


def test_a_name_that_nobody_knows(check, monkeypatch):
    def unknown(*_arguments, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    (problem,) = check(on_port(11112, "nowhere"), NOTHING_PASSED)
    assert (problem.key, problem.message) == (
        "listeners[0].address",
        "nowhere cannot be found: Name or service not known",
    )


DAEMON = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[-1])))
print(server.getsockname()[1], flush=True)
time.sleep(60)
"""


@pytest.fixture
def daemon(tmp_path):
    """A program called storescpd that listens."""
    script = tmp_path / "storescpd"
    script.write_text(DAEMON)
    started = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, script, *words, "0"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
        )
        started.append(process)
        return int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("words", [("--config", "storescpd.toml"), ("--config=storescpd.toml",)])
def test_a_port_that_this_daemon_holds(check, daemon, tmp_path, words):
    (tmp_path / "storescpd.toml").touch()
    (note,) = check(on_port(daemon(*words)), NOTHING_PASSED)
    assert note.note
    assert "held by the daemon that runs" in note.message


def test_a_port_that_another_storescpd_holds(check, daemon):
    (problem,) = check(on_port(daemon("--config", "/etc/other.toml")), NOTHING_PASSED)
    assert not problem.note


def test_a_port_of_somebody_unseen(check_as_nobody, daemon):
    ((key, text, note),) = check_as_nobody(on_port(daemon()), NOTHING_PASSED)
    assert (key, note) == ("listeners[0].port", True)
    assert "held by root, as systemd does for a socket unit" in text


@pytest.mark.skipif(
    int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 2, reason="all ports are free for all"
)
def test_a_privileged_port(check_as_nobody):
    ((key, text, note),) = check_as_nobody(on_port(2), NOTHING_PASSED)
    assert (key, note) == ("listeners[0].port", False)
    assert "CAP_NET_BIND_SERVICE" in text
