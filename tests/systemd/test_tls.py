"""Keys and certificates of the service."""

import shutil
import socket
import ssl

import pytest

from tests.support.certificates import issue
from tests.support.daemon import merged
from tests.support.scenes import SUCCESS, small, store
from tests.systemd.service import PORT, SETTINGS

FOLDER = "/etc/storescpd"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return issue(tmp_path_factory.mktemp("authority"), "ca")


@pytest.fixture
def install(authority, service, tmp_path):
    """Put a fresh key and certificate where the service looks for them; its certificate."""

    def install(number: int, owner: str):
        folder = tmp_path / str(number)
        folder.mkdir()
        pair = issue(folder, "server", authority)
        for path, mode in ((pair.key_file, "0640"), (pair.certificate_file, "0644")):
            shutil.copy(path, service.bed.root / "root")
            target = f"{FOLDER}/tls{path.suffix}"
            service.bed.run("install", "-o", "root", "-g", owner, "-m", mode, f"/root/{path.name}", target)
        return pair.certificate

    return install


def settings(key: str):
    files = {"key": key, "certificate": f"{FOLDER}/tls.crt", "peer_certificate": "ignore"}
    return merged(SETTINGS, {"listeners": [{"port": PORT}, {"name": "tls", "port": 2762, "tls": True}], "tls": files})


def shown_serial(service, authority) -> int:
    """The certificate that a client gets, verified by the authority."""
    context = ssl.create_default_context(cafile=str(authority.certificate_file))
    context.check_hostname = False
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with service.bed.network(), socket.create_connection(("127.0.0.1", 2762), timeout=30) as plain:
        with context.wrap_socket(plain) as secure:
            return int(secure.getpeercert()["serialNumber"], 16)


def test_a_certificate_is_rotated_by_a_reload(service, install, authority):
    first = install(1, "storescpd")
    service.configure(settings(f"{FOLDER}/tls.key"))
    service.control("start")
    assert shown_serial(service, authority) == first.serial_number
    with service.associate() as association:
        second = install(2, "storescpd")
        service.control("reload")
        assert shown_serial(service, authority) == second.serial_number
        assert store(association, small(), 1) == SUCCESS
        association.release()
    assert service.send("echoscu", "+tla", "-ic", "127.0.0.1", "2762").returncode == 0


def test_a_key_that_root_alone_can_read(service, install, authority):
    certificate = install(1, "root")
    service.configure(settings(f"{FOLDER}/tls.key"))
    assert not service.bed.succeeds("systemctl", "start", "storescpd.service")
    service.example("tls-credential")
    service.configure(settings("credential:tls.key"))
    service.control("start")
    assert shown_serial(service, authority) == certificate.serial_number
    assert service.store(1) == SUCCESS
