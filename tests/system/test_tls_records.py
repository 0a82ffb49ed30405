"""TLS records as they come: in pieces, several at once, tiny, without data, and what is no record.

Python's own ssl is the peer, and openssl s_client for what Python cannot say.
"""

import contextlib
import socket
import ssl
import subprocess
import threading

import pytest

from tests.support.certificates import client_context
from tests.support.daemon import storescpd
from tests.support.hospital import config, hospital
from tests.support.processes import eventually
from tests.support.rawclient import (
    IMPLICIT_LITTLE,
    VERIFICATION,
    associate_request,
    echo_request,
    fragments,
    store_message,
    store_request,
)
from tests.support.scenes import CT, SUCCESS, associate, small, store, whole

REQUEST = associate_request([(1, VERIFICATION, [IMPLICIT_LITTLE])])
ACCEPTED = b"\x02"
PATIENCE = 20
"""Seconds; far less than the acse_timeout of these tests."""


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return hospital(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def daemon(pki, tmp_path):
    settings = config(pki)
    settings["association"] = {**settings.get("association", {}), "acse_timeout": 600}
    with storescpd(tmp_path / "out", settings) as daemon:
        yield daemon


@pytest.fixture
def port(daemon):
    return daemon.port


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


def test_an_object_in_tiny_records_holds_nobody_up(pki, daemon):
    template = small()
    context = client_context(pki["ca"], pki["valid"])
    with associate(daemon.port, tls=context) as tiny, associate(daemon.port, tls=context) as usual:
        command = store_request(template.sop_class, template.instance(0))
        message = store_message(CT, command, template.bytes(0), tiny.pdv_size)

        def send() -> None:
            for start in range(0, len(message), 2):
                tiny.socket.sendall(message[start : start + 2])

        sender = threading.Thread(target=send)
        sender.start()
        assert [store(usual, template, number) for number in range(1, 6)] == [SUCCESS] * 5
        sender.join()
        assert tiny.status() == SUCCESS
        tiny.release()
        usual.release()
    assert all(whole(daemon.directory, template, number) for number in range(6))


def test_keys_are_updated_between_messages(pki, port):
    """The record that asks for it has no data, and wants an answer (RFC 8446 4.6.3)."""
    own = ("-cert", str(pki["valid"].certificate_file), "-key", str(pki["valid"].key_file))
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", *own]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, bufsize=0, **pipes) as client:

        def said(what: bytes) -> None:
            heard = b""
            while what not in heard:
                piece = client.stdout.read(1 << 16)
                assert piece, heard
                heard += piece

        try:
            client.stdin.write(REQUEST)
            said(b"1.2.840.10008.3.1.1.1")
            for number in range(1, 4):
                client.stdin.write(b"K\n")
                said(b"KEYUPDATE")
                client.stdin.write(b"".join(fragments(1, 3, echo_request(number), 16372)))
                said(b"\x30\x80")
        finally:
            client.kill()


def test_records_without_data_put_no_deadline_off(pki, tmp_path):
    settings = config(pki)
    settings["association"] = {"acse_timeout": 2}
    own = ("-cert", str(pki["valid"].certificate_file), "-key", str(pki["valid"].key_file))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with storescpd(tmp_path / "out", settings) as daemon:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{daemon.port}", "-tls1_3", *own]
        with subprocess.Popen(command, bufsize=0, **pipes) as client:

            def has_ended() -> bool:
                # It takes a K for a wish when nothing else comes with it.
                with contextlib.suppress(BrokenPipeError):
                    client.stdin.write(b"K\n")
                return client.poll() is not None

            try:
                eventually(has_ended)
            finally:
                client.kill()


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
