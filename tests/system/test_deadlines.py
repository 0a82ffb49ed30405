"""A silent peer is let go at its deadline, wherever it falls silent, and disturbs nobody."""

import socket

import pytest

from tests.support.daemon import storescpd
from tests.support.processes import eventually
from tests.support.rawclient import (
    ABORT,
    ASSOCIATE_RJ,
    ASSOCIATE_RQ,
    RELEASE_RP,
    RELEASE_RQ,
    Closed,
    associate_request,
    fragments,
    pdu,
    store_request,
)
from tests.support.scenes import CT, ECHO, SUCCESS, associate, begin, small, store

REQUEST = associate_request([(1, "1.2.840.10008.1.1", ["1.2.840.10008.1.2"])])


@pytest.mark.parametrize(
    "said", [b"", REQUEST[:3], REQUEST[:40], REQUEST[:-1]], ids=["nothing", "header", "titles", "most"]
)
def test_a_request_that_never_ends(said, tmp_path):
    settings = {"association": {"acse_timeout": 1}, "logging": {"level": "debug"}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as silent:
            silent.sendall(said)
            with associate(daemon.port) as association:
                assert association.echo(ECHO) == SUCCESS
                association.release()
            answer = b""
            while chunk := silent.recv(4096):
                answer += chunk
            assert answer[:1] in {b"", bytes([ABORT])}
        eventually(lambda: "the peer did not send an association request" in daemon.log())


def is_refused(peer: socket.socket, byte: bytes) -> bool:
    """Whether the connection has ended; else it gets a byte more."""
    try:
        peer.sendall(byte)
    except OSError:
        return True
    return False


def test_a_request_in_drops(tmp_path):
    """Each byte comes long before anybody gets tired of waiting for it."""
    with storescpd(tmp_path / "out", {"association": {"acse_timeout": 1}}) as daemon:
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as dripping:
            dripping.sendall(pdu(ASSOCIATE_RQ, bytes(1 << 19))[:6])
            eventually(lambda: is_refused(dripping, b"\0"))


def ended(association) -> bool:
    """Whether the peer ended the association: an A-ABORT, or the end of the connection."""
    try:
        return association.read_pdu()[0] == ABORT
    except Closed:
        return True


def test_an_idle_association(tmp_path):
    with storescpd(tmp_path / "out", {"association": {"idle_timeout": 1}}) as daemon:
        with associate(daemon.port) as association:
            assert association.echo(ECHO) == SUCCESS
            assert ended(association)


def test_an_association_may_idle_longer_than_a_socket_timeout(tmp_path):
    config = {"association": {"socket_timeout": 1, "idle_timeout": 0}}
    with storescpd(tmp_path / "out", config) as daemon, associate(daemon.port) as association:
        with associate(daemon.port) as witness:
            witness.send_raw(pdu(RELEASE_RQ, bytes(4))[:5])
            assert ended(witness)
        assert association.echo(ECHO) == SUCCESS
        association.release()


def test_a_pdu_that_never_ends(tmp_path):
    with storescpd(tmp_path / "out", {"association": {"socket_timeout": 1}}) as daemon:
        with associate(daemon.port) as association:
            rest = begin(association, small(), 1)
            association.send_raw(rest[:100])
            eventually(daemon.incoming)
            assert ended(association)
        eventually(lambda: not daemon.incoming())
        assert daemon.stored() == []


def test_a_pdu_in_drops(tmp_path):
    with storescpd(tmp_path / "out", {"association": {"socket_timeout": 1, "max_pdu": 4096}}) as daemon:
        with associate(daemon.port) as association:
            rest = begin(association, small(), 1)
            association.send_raw(rest[:100])
            eventually(lambda: is_refused(association.socket, rest[100:101]))
        eventually(lambda: not daemon.incoming())
        assert daemon.stored() == []


def test_a_data_set_that_never_goes_on_is_given_up_and_the_association_lives(tmp_path):
    """As storescp has it with -td."""
    settings = {"association": {"dimse_timeout": 1, "dimse_timeout_ends": "object"}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            begin(association, small(), 1)
            eventually(daemon.incoming)
            eventually(lambda: not daemon.incoming())
            assert association.echo(ECHO) == SUCCESS
            assert store(association, small(), 1) == SUCCESS
            association.release()


def test_a_command_alone_is_waited_for_without_a_dimse_timeout(tmp_path):
    """Only its data set has a deadline of its own; the association has none here."""
    config = {"association": {"dimse_timeout": 1, "socket_timeout": 1, "idle_timeout": 0}}
    with storescpd(tmp_path / "out", config) as daemon, associate(daemon.port) as association:
        with associate(daemon.port) as witness:
            witness.send_raw(b"".join(fragments(CT, 1, store_request("1.2.3", "1.2.3.4"), witness.pdv_size))[:-1])
            assert ended(witness)
        assert store(association, small(), 1) == SUCCESS
        association.release()


def test_a_peer_that_does_not_close_after_its_release_or_rejection(tmp_path):
    """storescp waits three minutes for it; the sockets here give up after thirty seconds."""
    config = {"association": {"check_called_ae_title": True}}
    with storescpd(tmp_path / "out", config) as daemon:
        with associate(daemon.port, called="STORESCP") as association:
            association.send_raw(pdu(RELEASE_RQ, bytes(4)))
            assert association.read_pdu()[0] == RELEASE_RP
            assert association.socket.recv(1) == b""
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as refused:
            refused.sendall(REQUEST)
            answer = b""
            while chunk := refused.recv(4096):
                answer += chunk
            assert answer[:1] == bytes([ASSOCIATE_RJ])
