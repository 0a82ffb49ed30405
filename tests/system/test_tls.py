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

from tests.support.certificates import Pair, issue, revoke
from tests.support.daemon import Daemon, NotStarted, storescpd
from tests.support.objects import EXPLICIT_LITTLE, ct
from tests.support.processes import eventually
from tests.support.rawclient import IMPLICIT_LITTLE, VERIFICATION, associate_request
from tests.support.reference import storescp
from tests.support.tools import need

MODES = {"require": "-rc", "verify": "-vc", "ignore": "-ic"}
PASSES = {
    ("require", "valid"): True, ("require", "absent"): False, ("require", "untrusted"): False,
    ("require", "expired"): False, ("require", "revoked"): False,
    ("verify", "valid"): True, ("verify", "absent"): True, ("verify", "untrusted"): False,
    ("verify", "expired"): False, ("verify", "revoked"): False,
    ("ignore", "valid"): True, ("ignore", "absent"): True, ("ignore", "untrusted"): True,
    ("ignore", "expired"): True, ("ignore", "revoked"): True,
}  # fmt: skip


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    authority, other = issue(folder, "ca"), issue(folder, "otherca")
    pairs = {
        "ca": authority,
        "server": issue(folder, "server", authority),
        "valid": issue(folder, "ct1.example.org", authority),
        "expired": issue(folder, "expired", authority, days=(-9, -1)),
        "revoked": issue(folder, "revoked", authority),
        "untrusted": issue(folder, "untrusted", other),
    }
    revoke(folder, authority, pairs["revoked"])
    return pairs


def tls(pki: dict[str, Pair], **over: object) -> dict[str, object]:
    server, authority = pki["server"], pki["ca"]
    return {
        "key": str(server.key_file),
        "certificate": str(server.certificate_file),
        "ca_files": [str(authority.certificate_file)],
        "crl_files": [str(authority.key_file.with_name("ca.crl"))],
        "crl_check": "leaf",
        **over,
    }


def config(pki: dict[str, Pair], **over: object) -> dict[str, object]:
    listeners = [{"name": "dicom", "address": "127.0.0.1", "port": 0, "tls": True}]
    return {"listeners": listeners, "tls": tls(pki, **over)}


def client(pki: dict[str, Pair], which: str, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(pki["ca"].certificate_file)
    if which != "absent":
        context.load_cert_chain(pki[which].certificate_file, pki[which].key_file)
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


def outcomes(port: int, pki: dict[str, Pair], mode: str) -> dict[tuple[str, str, str], bool]:
    return {
        (mode, which, version.name): served(port, client(pki, which, version))
        for which in ("valid", "absent", "untrusted", "expired", "revoked")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    }


@pytest.mark.parametrize("mode", MODES)
def test_the_table_of_certificates_and_modes(mode, pki, tmp_path):
    with storescpd(tmp_path / "out", config(pki, peer_certificate=mode)) as daemon:
        ours = outcomes(daemon.port, pki, mode)
    assert {key: passes == PASSES[key[:2]] for key, passes in ours.items()} == dict.fromkeys(ours, True)
    assert len(ours) == 10


@pytest.mark.parametrize("mode", MODES)
def test_storescp_has_the_same_outcomes(mode, pki, tmp_path):
    need("storescp")
    server, authority = pki["server"], pki["ca"]
    options = ["+tls", str(server.key_file), str(server.certificate_file), "+cf", str(authority.certificate_file)]
    options += ["+crl", str(authority.key_file.with_name("ca.crl")), MODES[mode]]
    with storescp(tmp_path / "reference", *options) as reference:
        theirs = outcomes(reference.port, pki, mode)
    assert {key: passes == PASSES[key[:2]] for key, passes in theirs.items()} == dict.fromkeys(theirs, True)


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
