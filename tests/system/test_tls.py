"""TLS: who gets in by which certificate, as storescp does it (storescp facts 8.2), and what holds under it."""

import contextlib
import io
import shutil
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pydicom
import pytest
from cryptography.hazmat.primitives import serialization
from pydicom.uid import UID

from tests.support.certificates import Pair, client_context, issue, revoke
from tests.support.daemon import Daemon, NotStarted, storescpd
from tests.support.hospital import Pki, config, hospital
from tests.support.objects import EXPLICIT_LITTLE, ct
from tests.support.processes import established, eventually, memory
from tests.support.rawclient import IMPLICIT_LITTLE, VERIFICATION, associate_request
from tests.support.scenes import ECHO, SUCCESS, associate, begin, finish, small, store, whole
from tests.support.tools import need

MIB = 1 << 20


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return hospital(tmp_path_factory.mktemp("pki"))


def client(pki: Pki, which: str, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = client_context(pki["ca"], None if which == "absent" else pki[which])
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


def served(port: int, context: ssl.SSLContext) -> bool:
    """Whether an association request gets an answer; with TLS 1.3 a refusal comes with the first read."""

    request = associate_request([(1, VERIFICATION, [IMPLICIT_LITTLE])])
    with socket.create_connection(("127.0.0.1", port), 20) as plain:
        try:
            with context.wrap_socket(plain) as secure:
                secure.sendall(request)
                return secure.recv(1) == b"\x02"
        except (ssl.SSLError, ConnectionError):
            return False


def test_storescu_sends_over_tls(pki, tmp_path):
    need("storescu")
    template, image = ct(512 * 512), tmp_path / "image.dcm"
    image.write_bytes(part10(template, 1))
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        pair = pki["valid"]
        command = ["storescu", "+tls", str(pair.key_file), str(pair.certificate_file)]
        command += ["+cf", str(pki["ca"].certificate_file), "127.0.0.1", str(daemon.port), str(image)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        [stored] = daemon.stored()
        assert template.bytes(1) in stored.read_bytes()
        assert "subject=" in daemon.log()
        assert "ct1.example.org" in daemon.log()


def part10(template, number: int) -> bytes:

    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = template.sop_class, template.instance(number)
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    buffer = io.BytesIO()
    buffer.write(b"\0" * 128 + b"DICM")
    pydicom.filewriter.write_file_meta_info(buffer, meta, enforce_standard=True)
    return buffer.getvalue() + template.bytes(number)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused_by_default(version, pki, tmp_path):
    context = client(pki, "valid")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        assert not served(daemon.port, context)
    with storescpd(tmp_path / "old", config(pki, profile="bcp195")) as daemon:
        assert served(daemon.port, context)


def test_a_suite_without_encryption_is_there_only_when_asked_for(pki, tmp_path):
    context = client(pki, "valid", ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("NULL-SHA:@SECLEVEL=0")
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        assert not served(daemon.port, context)
        assert "without encryption" not in daemon.log()
    with storescpd(tmp_path / "null", config(pki, profile="null")) as daemon:
        assert served(daemon.port, context)
        assert not served(daemon.port, client(pki, "valid"))
        assert "without encryption" in daemon.log()


def test_a_title_is_bound_to_a_certificate(pki, tmp_path):
    peers = [
        {"calling_ae_title": "RAWCLIENT", "certificate_subject": "CN=ct1.example.org"},
        {"calling_ae_title": "RAWCLIENT", "accept": False},
    ]
    with storescpd(tmp_path / "out", {**config(pki, crl_check="none", crl_files=[]), "peers": peers}) as daemon:
        assert served(daemon.port, client(pki, "valid"))
        assert not served(daemon.port, client(pki, "revoked"))


HELLO = bytes.fromhex("1603010200010001fc0303")
"""The begin of a ClientHello of 512 bytes."""
CROWD = 500


def test_half_open_handshakes_hold_nobody_up(pki, tmp_path):
    """They are all in the worker's hands, and still are when others have been served."""
    template, sender = small(), client(pki, "valid")
    with storescpd(tmp_path / "out", {**config(pki), "association": {"acse_timeout": 600}}) as daemon:
        [worker] = daemon.worker_pids()
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port))) for _ in range(CROWD)]
            for connection in silent[::2]:
                connection.sendall(HELLO)
            eventually(lambda: established(worker, daemon.port) == CROWD)
            with associate(daemon.port, tls=sender) as association:
                assert [store(association, template, number) for number in range(5)] == [SUCCESS] * 5
                assert established(worker, daemon.port) == CROWD + 1
                association.release()
            for connection in silent:
                connection.setblocking(False)
                with pytest.raises(BlockingIOError):
                    connection.recv(1)
        assert all(whole(daemon.directory, template, number) for number in range(5))


BIG = 128 * MIB


@pytest.mark.slow
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("bit_preserving", [True, False])
def test_a_big_object_takes_no_memory(version, bit_preserving, pki, tmp_path):
    template, sender = ct(BIG // 2), client(pki, "valid", version)
    storing = {"storage": {"bit_preserving": bit_preserving, "durability": "none"}}
    with storescpd(tmp_path / "out", {**config(pki), **storing}) as daemon:
        [worker] = daemon.worker_pids()
        with associate(daemon.port, tls=sender, timeout=100) as association:
            assert store(association, small(), 1) == SUCCESS
            idle = memory(worker, "VmRSS")
            Path(f"/proc/{worker}/clear_refs").write_text("5")
            assert store(association, template, 2) == SUCCESS
            assert memory(worker, "VmHWM") - idle <= 8 * MIB
            association.release()
        assert whole(daemon.directory, template, 2)


def test_a_silent_peer_is_left_after_acse_timeout(pki, tmp_path):
    with storescpd(tmp_path / "out", {**config(pki), "association": {"acse_timeout": 1}}) as daemon:
        with socket.create_connection(("127.0.0.1", daemon.port), 30) as connection:
            assert connection.recv(1) == b""


def test_a_plain_peer_gets_no_answer_and_a_line(pki, tmp_path):
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        with socket.create_connection(("127.0.0.1", daemon.port), 30) as connection:
            connection.sendall(b"\x01\0\0\0\0\xcd" + bytes(205))
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(100)[:1] in {b"", b"\x15"}
        eventually(lambda: "TLS handshake failed" in daemon.log())


def test_a_reload_takes_a_new_certificate_and_drops_nobody(pki, tmp_path):
    """An object is under way meanwhile; what cannot be used changes nothing."""
    template, sender = small(), client(pki, "valid")
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"

    def put(pair: Pair) -> bytes:
        shutil.copy(pair.key_file, key)
        shutil.copy(pair.certificate_file, certificate)
        return pair.certificate.public_bytes(serialization.Encoding.DER)

    def shown(daemon: Daemon) -> bytes:
        with socket.create_connection(("127.0.0.1", daemon.port), 30) as plain:
            with sender.wrap_socket(plain) as secure:
                return secure.getpeercert(binary_form=True)

    old = put(pki["server"])
    with storescpd(tmp_path / "out", config(pki, key=str(key), certificate=str(certificate))) as daemon:
        assert shown(daemon) == old
        with associate(daemon.port, tls=sender) as association:
            rest = begin(association, template, 1)
            new = put(issue(tmp_path, "fresh", pki["ca"]))
            daemon.signal(signal.SIGHUP)
            eventually(lambda: daemon.log().count("serving") >= 2)
            eventually(lambda: shown(daemon) == new)
            assert finish(association, rest) == SUCCESS

            shutil.copy(pki["valid"].key_file, key)
            daemon.signal(signal.SIGHUP)
            eventually(lambda: "do not match" in daemon.log())
            assert shown(daemon) == new
            assert store(association, template, 2) == SUCCESS
            association.release()
        assert all(whole(daemon.directory, template, number) for number in (1, 2))


def test_a_reload_takes_a_new_list(pki, tmp_path):
    """Who is revoked stays in the association that he has, and gets no other one."""
    crl = tmp_path / "ca.crl"
    crl.write_bytes(pki["ca"].key_file.with_name("ca.crl").read_bytes())
    with storescpd(tmp_path / "out", config(pki, crl_files=[str(crl)])) as daemon:
        with associate(daemon.port, tls=client(pki, "valid")) as association:
            revoke(tmp_path, pki["ca"], pki["valid"])
            daemon.signal(signal.SIGHUP)
            eventually(lambda: daemon.log().count("serving") >= 2)
            eventually(lambda: not served(daemon.port, client(pki, "valid")))
            assert association.echo(ECHO) == SUCCESS
            association.release()


def test_the_log_names_the_certificate(pki, tmp_path):
    need("openssl")
    command = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-subject", "-nameopt", "RFC2253", "-in"]
    done = subprocess.run([*command, str(pki["valid"].certificate_file)], capture_output=True, text=True, check=True)
    fingerprint, subject = (row.partition("=")[2] for row in done.stdout.splitlines())
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        with associate(daemon.port, tls=client(pki, "valid")) as association:
            association.release()
        eventually(lambda: "association ended" in daemon.log())
        rows = daemon.log().splitlines()
        [agreed] = [row for row in rows if "TLS agreed" in row]
        [ended] = [row for row in rows if "association ended" in row]
        assert "fingerprint=" + fingerprint.replace(":", "").lower() in agreed
        assert subject in agreed
        assert subject in ended


def test_a_key_that_does_not_match_stops_the_start(pki, tmp_path):
    with pytest.raises(NotStarted, match="do not match"):
        with storescpd(tmp_path / "out", config(pki, key=str(pki["valid"].key_file))):
            pass
