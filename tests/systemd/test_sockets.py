"""Ports that systemd keeps: the service comes and goes, connections wait."""

import threading

from tests.support.certificates import issue
from tests.support.daemon import merged
from tests.support.processes import eventually
from tests.support.rawclient import Aborted, Closed
from tests.support.scenes import SUCCESS, small, store, whole
from tests.systemd.service import SETTINGS, SPOOL, UNIT


def test_the_first_connection_starts_the_service(service):
    service.control("start", "storescpd.socket")
    assert service.state()[0] == "inactive"
    assert service.store(1) == SUCCESS
    # One worker may have served it before all of them are there.
    service.eventually_active()
    service.control("stop")
    assert service.bed.show("storescpd.socket", "ActiveState") == ["active"]
    assert service.store(2) == SUCCESS
    assert all(whole(service.spool, small(), number) for number in (1, 2))


def test_restarts_under_load_refuse_nobody_and_lose_nothing(service):
    """Senders with an association an object; one that has begun may be told that the daemon stops, never refused."""
    service.configure(SETTINGS)
    service.control("start", "storescpd.socket", UNIT)
    stored, refused = under_load(service, lambda: service.control("restart"))
    assert refused == []
    assert [number for number in stored if not whole(service.spool, small(), number)] == []
    assert service.state() == ("active", "success", "0")


def test_reloads_under_load_cut_nobody(service):
    service.configure(SETTINGS)
    service.control("start")
    stored, refused = under_load(service, lambda: service.control("reload"))
    assert refused == []
    assert [number for number in stored if not whole(service.spool, small(), number)] == []


def under_load(service, act):
    """Do something three times while senders go on; the numbers of what was stored, and the connections refused."""
    stop, stored, refused = threading.Event(), [], []

    def send(numbers) -> None:
        with service.bed.network():
            for number in numbers:
                if stop.is_set():
                    return
                try:
                    with service.associate() as association:
                        if store(association, small(), number) == SUCCESS:
                            stored.append(number)
                        association.release()
                except (Aborted, Closed):
                    pass
                except OSError as error:
                    refused.append(error)

    senders = [threading.Thread(target=send, args=(range(first, 100_000, 3),)) for first in range(3)]
    for sender in senders:
        sender.start()
    try:
        for _ in range(3):
            before = len(stored)
            act()
            eventually(lambda before=before: len(stored) > before + 5)
    finally:
        stop.set()
        for sender in senders:
            sender.join()
    return stored, refused


def test_both_sockets_by_their_names(service, tmp_path):
    pair = issue(tmp_path, "server")
    for name in ("server.key", "server.crt"):
        service.bed.write(f"/etc/storescpd/{name}", (tmp_path / name).read_text())
    listeners = [{"name": "dicom"}, {"name": "dicom-tls", "port": 2762, "tls": True}]
    files = {"key": "/etc/storescpd/server.key", "certificate": "/etc/storescpd/server.crt"}
    service.configure(merged(SETTINGS, {"listeners": listeners, "tls": {**files, "peer_certificate": "ignore"}}))
    service.control("start", "storescpd.socket", "storescpd-tls.socket")
    assert service.store(1) == SUCCESS
    call = ["echoscu", "+tla", "-ic", "127.0.0.1", "2762"]
    assert service.send(*call).returncode == 0
    assert service.send("echoscu", "127.0.0.1", "2762").returncode != 0
    assert pair.certificate_file.exists()


def test_a_socket_that_the_file_contradicts(service):
    service.configure(merged(SETTINGS, {"listeners": [{"name": "dicom", "port": 4242}]}))
    service.control("start", "storescpd.socket")
    assert not service.bed.succeeds("systemctl", "start", UNIT)
    assert service.state() == ("failed", "exit-code", "78")
    assert any("4242" in entry["MESSAGE"] and "11112" in entry["MESSAGE"] for entry in service.bed.journal())


def test_port_104_by_socket(service):
    service.example("port-104", "storescpd.socket")
    service.control("start", "storescpd.socket")
    assert service.store(1, 104) == SUCCESS


def test_one_process_an_association(service):
    """Accept=yes."""
    service.configure({"storage": {"directory": SPOOL, "min_free": 0}})
    service.example("inetd", "storescpd.socket")
    service.control("start", "storescpd.socket")
    with service.associate() as first, service.associate() as second:
        assert [store(one, small(), number) for number, one in enumerate((first, second), 1)] == [SUCCESS] * 2
        running = service.bed.run("systemctl", "list-units", "--plain", "--no-legend", "storescpd@*").splitlines()
        assert len(running) == 2
        first.release()
        second.release()
    eventually(lambda: not service.bed.run("systemctl", "list-units", "--plain", "--no-legend", "storescpd@*"))
    assert all(whole(service.spool, small(), number) for number in (1, 2))
    found = service.bed.journal(f"SOP_INSTANCE_UID={small().instance(2)}", unit="storescpd@*.service")
    assert found[0]["DICOM_PEER"].startswith("127.0.0.1:")
    assert service.bed.run("stat", "-c", "%U", f"{SPOOL}/CT.{small().instance(1)}").strip() == "storescpd"
