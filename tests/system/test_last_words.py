"""The log says why an association ended, also where the peer did not stay to hear it."""

import signal
import socket

import pytest

from tests.association.messages import RELEASE, STANDARD
from tests.support.daemon import storescpd
from tests.support.processes import end, eventually, suspend
from tests.support.rawclient import pdu

UNKNOWN_PDU = pdu(0x99, b"")


@pytest.mark.parametrize(
    ("said", "result"),
    [
        (STANDARD + UNKNOWN_PDU, 'result="protocol violation: unknown PDU type 0x99"'),
        (STANDARD + RELEASE, "result=released"),
    ],
    ids=["violation", "release"],
)
def test_a_peer_that_is_gone_before_it_is_answered(said, result, tmp_path):
    """The acceptance comes to a closed socket, which resets the connection: what is said then cannot be sent."""
    with storescpd(tmp_path / "out") as daemon:
        [worker] = daemon.worker_pids()
        suspend(worker)
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as hasty:
            hasty.sendall(said)
        end(worker, signal.SIGCONT)
        eventually(lambda: "association ended" in daemon.log())
        [ended] = [row for row in daemon.log().splitlines() if "association ended" in row]
        assert result in ended
