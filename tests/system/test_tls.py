"""TLS: who gets in by which certificate, as storescp does it (storescp facts 8.2), and what holds under it."""

import contextlib
import io
import shutil
import signal
import socket
import ssl
import subprocess

import pydicom
import pytest
from pydicom.uid import UID

from tests.support.certificates import Pair, client_context, issue
from tests.support.daemon import Daemon, NotStarted, storescpd
from tests.support.hospital import Pki, config, hospital
from tests.support.objects import EXPLICIT_LITTLE, ct
from tests.support.processes import eventually
from tests.support.rawclient import IMPLICIT_LITTLE, VERIFICATION, associate_request
from tests.support.tools import need


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


def test_another_server_name_is_refused(pki, tmp_path):
    def asks(name: str | None, port: int) -> bool:
        context = client(pki, "valid")
        with socket.create_connection(("127.0.0.1", port), 20) as plain:
            try:
                context.wrap_socket(plain, server_hostname=name).close()
            except ssl.SSLError:
                return False
        return True

    with storescpd(tmp_path / "out", config(pki, expected_server_name="pacs.example.org")) as daemon:
        assert asks("pacs.example.org", daemon.port)
        assert asks(None, daemon.port)
        assert not asks("other.example.org", daemon.port)


def test_half_open_handshakes_hold_nobody_up(pki, tmp_path):
    silent = []
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        try:
            silent.extend(socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(500))
            assert served(daemon.port, client(pki, "valid"))
        finally:
            for connection in silent:
                connection.close()


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

    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"

    def put(pair: Pair) -> None:
        shutil.copy(pair.key_file, key)
        shutil.copy(pair.certificate_file, certificate)

    def shown(daemon: Daemon) -> bytes:
        with socket.create_connection(("127.0.0.1", daemon.port), 30) as plain:
            with client(pki, "valid").wrap_socket(plain) as secure:
                return secure.getpeercert(binary_form=True)

    put(pki["server"])
    with storescpd(tmp_path / "out", config(pki, key=str(key), certificate=str(certificate))) as daemon:
        before = shown(daemon)
        old = socket.create_connection(("127.0.0.1", daemon.port), 30)
        secure = client(pki, "valid").wrap_socket(old)
        put(issue(tmp_path, "fresh", pki["ca"]))
        daemon.signal(signal.SIGHUP)
        eventually(lambda: daemon.log().count("serving") >= 2)
        eventually(lambda: shown(daemon) != before)

        secure.sendall(associate_request([(1, VERIFICATION, [IMPLICIT_LITTLE])]))
        assert secure.recv(1) == b"\x02"
        secure.close()


def test_a_key_that_does_not_match_stops_the_start(pki, tmp_path):
    with pytest.raises(NotStarted, match="do not match"):
        with storescpd(tmp_path / "out", config(pki, key=str(pki["valid"].key_file))):
            pass
