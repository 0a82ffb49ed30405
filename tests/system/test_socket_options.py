"""Options of connections, those of the environment among them (storescp facts 10.5)."""

import re
import socket
from pathlib import Path

import pytest

from storescpd.worker.options import USUAL_BUFFER, socket_options
from tests.support.rawclient import RawAssociation
from tests.support.reference import OURS, THEIRS, Receiver, storescp
from tests.support.tools import need

OPTION = re.compile(r"setsockopt\(\d+, SOL_(SOCKET|TCP), ((?:SO_SND|SO_RCV)BUF|TCP_NODELAY), \[(\d+)\]")
CASES = [
    {}, {"TCP_NODELAY": "1"}, {"TCP_BUFFER_LENGTH": "8192"}, {"TCP_BUFFER_LENGTH": "0"}, {"TCP_BUFFER_LENGTH": "x"},
    {"TCP_NODELAY": "0"}, {"TCP_NODELAY": "x"},
]  # fmt: skip


def options_of(program: tuple[str, ...], environment: dict[str, str], directory: Path) -> tuple[dict[str, int], str]:
    """What is set of a connection, as the kernel is told, and the log."""
    trace = directory.with_suffix(".trace")
    traced = ("strace", "-D", "-f", "-qq", "-e", "trace=setsockopt,accept,accept4", "-o", str(trace), *program)
    with storescp(directory, program=traced, env=environment, nodelay=False) as receiver:
        exchange(receiver)
        log = receiver.log()
    _, accepted, rest = trace.read_text().partition("accept")
    assert accepted
    return {name: int(value) for _, name, value in OPTION.findall(rest)}, log


def exchange(receiver: Receiver) -> None:
    with RawAssociation(receiver.port) as association:
        association.release()


@pytest.mark.parametrize("environment", CASES, ids=str)
def test_variables_of_the_environment(environment, tmp_path):
    need("storescp", "strace")
    theirs, their_log = options_of(THEIRS, environment, tmp_path / "theirs")
    ours, our_log = options_of(OURS, environment, tmp_path / "ours")
    # Ours does not wait for Nagle's algorithm unless it is told to.
    expected = theirs if environment.get("TCP_NODELAY") == "0" else {**theirs, "TCP_NODELAY": 1}
    assert {"TCP_NODELAY": 0, **ours} == {"TCP_NODELAY": 0, **expected}
    variables = [name for name in environment if environment[name] == "x"]
    for log in (their_log, our_log):
        assert [name for name in environment if re.search(f"^W: .*{name}", log, re.MULTILINE)] == variables


def test_numbers_are_read_as_far_as_they_go():
    assert socket_options(1, 1, {"TCP_BUFFER_LENGTH": " 12k"}).buffer_length == 12
    assert socket_options(1, 1, {"TCP_BUFFER_LENGTH": "-5"}).buffer_length == USUAL_BUFFER
    assert socket_options(1, 1, {"TCP_BUFFER_LENGTH": "9" * 30}).buffer_length == 2**31 - 1
    assert not socket_options(1, 1, {"TCP_NODELAY": "00"}).nodelay


def test_a_connection_that_came_before_the_worker_has_them_too(tmp_path):
    """Otherwise nobody would ever stop waiting for its peer."""
    with storescp(tmp_path / "out", "-ta", "1", program=OURS) as receiver:
        # It listens, but for how long there has been a worker nobody knows.
        with socket.create_connection(("127.0.0.1", receiver.port)) as early:
            early.settimeout(20)
            assert early.recv(1) == b""
