"""TLS records as they come: in pieces, several at once, and what is no record; Python's own ssl is the peer."""

import socket
import ssl

import pytest

from tests.support.certificates import client_context
from tests.support.daemon import storescpd
from tests.support.hospital import config, hospital
from tests.support.rawclient import IMPLICIT_LITTLE, VERIFICATION, associate_request

REQUEST = associate_request([(1, VERIFICATION, [IMPLICIT_LITTLE])])
ACCEPTED = b"\x02"
PATIENCE = 20
"""Seconds; far less than the acse_timeout of these tests."""


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return hospital(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def port(pki, tmp_path):
    settings = config(pki)
    settings["association"] = {**settings.get("association", {}), "acse_timeout": 600}
    with storescpd(tmp_path / "out", settings) as daemon:
        yield daemon.port


class Peer:
    """A TLS client that decides itself how its records are cut."""

    def __init__(self, port: int, context: ssl.SSLContext, size: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.size = size
        self.received, self.sealed = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.secure = context.wrap_bio(self.received, self.sealed)

    def send(self) -> None:
        records = self.sealed.read()
        for start in range(0, len(records), self.size):
            self.socket.sendall(records[start : start + self.size])

    def until_done(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.send()
                data = self.socket.recv(65536)
                assert data, "the connection was closed"
                self.received.write(data)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("size", [1, 3, 7, 4096])
def test_records_come_in_pieces(pki, port, version, size):
    context = client_context(pki["ca"], pki["valid"])
    context.minimum_version = context.maximum_version = version
    peer = Peer(port, context, size)
    with peer.socket:
        peer.until_done(peer.secure.do_handshake)
        # Two records, of which the second ends the request; the last flight of the handshake may go with them.
        peer.secure.write(REQUEST[:10])
        peer.secure.write(REQUEST[10:])
        peer.send()
        assert peer.until_done(lambda: peer.secure.read(1)) == ACCEPTED


@pytest.mark.parametrize(
    "sent",
    [REQUEST, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(64), b"\x17\x03\x03\x00\x05hello"],
    ids=["without TLS", "HTTP", "too long", "no handshake"],
)
def test_what_is_no_record_is_refused_at_once(port, sent):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
        plain.sendall(sent)
        answer = b""
        try:
            while piece := plain.recv(4096):
                answer += piece
        except ConnectionResetError:
            pass
    # An alert, if anything (RFC 8446 6).
    assert answer[:1] in (b"", b"\x15")
