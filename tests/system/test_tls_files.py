"""Keys, passwords, credentials and seeds of a daemon with TLS."""

import os
import pty
import select
import shutil
import signal
import ssl
import sys
from pathlib import Path

import pytest
import tomli_w
from cryptography.hazmat.primitives import serialization

from tests.support.build import PATH
from tests.support.certificates import PEM, client_context
from tests.support.daemon import NotStarted, settings, storescpd
from tests.support.hospital import Pki, config, hospital
from tests.support.processes import end, eventually
from tests.support.rawclient import Closed
from tests.support.reference import storescp
from tests.support.scenes import ECHO, SUCCESS, associate
from tests.support.tools import need

PASSWORD = "a secret"
DER = serialization.Encoding.DER


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return hospital(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def encrypted(pki, tmp_path):
    """The server's key under a password."""
    path = tmp_path / "encrypted.key"
    secret = serialization.BestAvailableEncryption(PASSWORD.encode())
    path.write_bytes(pki["server"].key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, secret))
    path.chmod(0o600)
    return path


def echoes(port: int, pki: Pki) -> bool:
    with associate(port, tls=client_context(pki["ca"], pki["valid"])) as association:
        answered = association.echo(ECHO) == SUCCESS
        association.release()
    return answered


@pytest.mark.parametrize("text", [PASSWORD, PASSWORD + "\n", PASSWORD + "\r\nmore\n"])
def test_a_password_of_a_file(text, pki, encrypted, tmp_path):
    path = tmp_path / "password"
    path.write_text(text)
    with storescpd(tmp_path / "out", config(pki, key=str(encrypted), password_file=str(path))) as daemon:
        assert echoes(daemon.port, pki)
        assert PASSWORD not in daemon.log()


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"password": "wrong"}, r"tls\.key: .*its password is wrong"),
        ({}, r"tls\.key: .*encrypted, and there is no password"),
        ({"password_file": "/no/such/file"}, r"tls\.password_file: cannot read"),
        ({"password_file": "credential:pw"}, r"tls\.password_file: credential:pw: systemd has passed no credentials"),
        ({"prompt_password": True}, r"tls\.prompt_password: there is nobody to ask"),
    ],
)
def test_passwords_that_cannot_be_had(over, told, pki, encrypted, tmp_path):
    # A session of its own has no terminal to ask on.
    with pytest.raises(NotStarted, match=told):
        with storescpd(tmp_path / "out", config(pki, key=str(encrypted), **over), prefix=("setsid", "--wait")):
            pass


def test_credentials_of_systemd(pki, encrypted, tmp_path):
    """As systemd.exec(5) passes them: files of a directory that the environment names."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    shutil.copy(encrypted, folder / "tls.key")
    shutil.copy(pki["server"].certificate_file, folder / "tls.crt")
    (folder / "password").write_text(PASSWORD)
    named = {"key": "credential:tls.key", "certificate": "credential:tls.crt", "password_file": "credential:password"}
    environment = {"CREDENTIALS_DIRECTORY": str(folder)}
    with storescpd(tmp_path / "out", config(pki, **named), env=environment) as daemon:
        assert echoes(daemon.port, pki)
        daemon.signal(signal.SIGHUP)
        eventually(lambda: daemon.log().count("serving") >= 2)
        assert echoes(daemon.port, pki)
    named["certificate"] = "credential:missing"
    with pytest.raises(NotStarted, match=r"tls\.certificate: cannot read .*missing"):
        with storescpd(tmp_path / "none", config(pki, **named), env=environment):
            pass


def read_until(terminal: int, said: str, seen: str = "") -> str:
    """What appears on a terminal up to a text."""
    while said not in seen:
        assert select.select([terminal], [], [], 60)[0], seen
        seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


def test_a_password_is_asked_for_once(pki, encrypted, tmp_path):
    """On the terminal, without an echo; a reload does not ask again."""
    out = tmp_path / "out"
    out.mkdir()
    path = tmp_path / "c.toml"
    path.write_text(tomli_w.dumps(settings(out, config(pki, key=str(encrypted), prompt_password=True), 1)))
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["PYTHONPATH"] = PATH
        os.execv(sys.executable, [sys.executable, "-m", "storescpd", "--config", str(path)])
    try:
        read_until(terminal, "pass phrase:")
        os.write(terminal, PASSWORD.encode() + b"\n")
        seen = read_until(terminal, "serving")
        os.kill(pid, signal.SIGHUP)
        seen = read_until(terminal, "serving", seen.partition("serving")[2])
        assert PASSWORD not in seen
        assert "pass phrase" not in seen
    finally:
        end(pid, signal.SIGINT)
        drain(terminal)
        os.waitpid(pid, 0)
        os.close(terminal)


def drain(terminal: int) -> None:
    """Take what a process says until it has gone: it would wait for ever otherwise."""
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        pass


def test_a_seed_is_written_after_each_association(pki, tmp_path):
    read, written = tmp_path / "seed", tmp_path / "written"
    read.write_bytes(b"seed" * 300)
    with storescpd(tmp_path / "out", config(pki, random_seed_file=str(read), write_seed=True), workers=2) as daemon:
        assert read.read_bytes() == b"seed" * 300
        seen = {read.read_bytes()}
        for _ in range(4):
            inode = read.stat().st_ino
            assert echoes(daemon.port, pki)
            eventually(lambda before=inode: read.stat().st_ino != before)
            seen.add(read.read_bytes())
        assert len(seen) == 5
        assert {len(one) for one in seen} == {1024, 1200}
        assert read.stat().st_mode & 0o777 == 0o600
    before = read.read_bytes()
    with storescpd(tmp_path / "other", config(pki, random_seed_file=str(read), write_seed_file=str(written))) as daemon:
        assert echoes(daemon.port, pki)
        eventually(written.exists)
    assert read.read_bytes() == before
    assert written.stat().st_size == 1024
    with storescpd(tmp_path / "none", config(pki, random_seed_file=str(tmp_path / "not there"))) as daemon:
        assert echoes(daemon.port, pki)


def test_a_seed_shared_by_workers_is_always_whole(pki, tmp_path):
    """Also when the daemon ends right behind the association: no temporary file is left."""
    path = tmp_path / "seeds" / "seed"
    path.parent.mkdir()
    path.write_bytes(bytes(1024))
    with storescpd(tmp_path / "out", config(pki, random_seed_file=str(path), write_seed=True), workers=2) as daemon:
        for _ in range(5):
            context = client_context(pki["ca"], pki["valid"])
            crowd = [associate(daemon.port, tls=context) for _ in range(8)]
            for association in crowd:
                association.abort()
                assert path.stat().st_size == 1024
        daemon.terminate()
    assert path.read_bytes() != bytes(1024)
    assert [one.name for one in path.parent.iterdir()] == ["seed"]


def test_a_seed_that_cannot_be_written_is_told(pki, tmp_path):
    over = {"random_seed_file": "/dev/null", "write_seed_file": "/proc/no/such/place"}
    with storescpd(tmp_path / "out", config(pki, **over)) as daemon:
        assert echoes(daemon.port, pki)
        eventually(lambda: "cannot write the random seed /proc/no/such/place" in daemon.log())


def test_storescp_writes_a_seed_of_the_same_size(pki, tmp_path):
    need("storescp")
    server, path = pki["server"], tmp_path / "seed"
    path.write_bytes(b"seed" * 25)
    options = ["+tls", str(server.key_file), str(server.certificate_file), "+cf", str(pki["ca"].certificate_file)]
    with storescp(tmp_path / "reference", *options, "+rs", str(path), "+ws") as reference:
        assert echoes(reference.port, pki)
        eventually(lambda: path.stat().st_size == 1024)


def der_files(pki: Pki, folder: Path) -> dict[str, object]:
    """[tls] with the same material in DER."""
    server, authority = pki["server"], pki["ca"]
    key, certificate, ca = (folder / name for name in ("key.der", "server.der", "ca.der"))
    private = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    key.write_bytes(server.key.private_bytes(DER, *private))
    certificate.write_bytes(server.certificate.public_bytes(DER))
    ca.write_bytes(authority.certificate.public_bytes(DER))
    return {"key": str(key), "certificate": str(certificate), "ca_files": [str(ca)]}


def test_der_files(pki, tmp_path):
    need("storescp")
    files = der_files(pki, tmp_path)
    with storescp(
        tmp_path / "reference", "-der", "+tls", files["key"], files["certificate"], "+cf", files["ca_files"][0]
    ) as reference:
        assert echoes(reference.port, pki)
    over = {**files, "file_format": "der", "crl_files": [], "crl_check": "none"}
    with storescpd(tmp_path / "out", config(pki, **over)) as daemon:
        assert echoes(daemon.port, pki)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


def test_a_file_of_authorities_that_is_not_there(pki, tmp_path):
    """storescp leaves it out and refuses everybody (docs/differences.md: ca-files-must-be-there)."""
    need("storescp")
    server = pki["server"]
    files = ("+tls", str(server.key_file), str(server.certificate_file), "+cf", "/no/such/file")
    with storescp(tmp_path / "reference", *files) as reference:
        with pytest.raises((ssl.SSLError, Closed, ConnectionError)):
            echoes(reference.port, pki)
    with pytest.raises(NotStarted, match=r"tls\.ca_files: cannot read /no/such/file"):
        with storescpd(tmp_path / "out", config(pki, ca_files=["/no/such/file"])):
            pass
