"""The installed package under the classic super-servers."""

import pytest

from tests.support.processes import eventually
from tests.support.scenes import SUCCESS, small, store, whole
from tests.systemd.service import SPOOL

PROGRAM = "/usr/bin/storescpd"
OPENBSD = f"127.0.0.1:11113 stream tcp nowait storescpd {PROGRAM} storescpd --inetd\n"
XINETD = f"""\
service dicom-test
{{
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    port = 11113
    bind = 127.0.0.1
    wait = no
    user = storescpd
    server = {PROGRAM}
    server_args = --inetd
}}
"""
SERVERS = {
    "openbsd-inetd": (OPENBSD, ["/usr/sbin/inetd", "-i"]),
    "xinetd": (XINETD, ["/usr/sbin/xinetd", "-dontfork", "-f"]),
}


@pytest.fixture(params=SERVERS)
def super_server(request, service):
    """One of them, started as a unit of its own."""
    text, command = SERVERS[request.param]
    service.configure({"storage": {"directory": SPOOL, "min_free": 0}})
    service.bed.write("/etc/super-server.conf", text)
    service.bed.run("systemd-run", "--quiet", "--unit=super-server", *command, "/etc/super-server.conf")
    yield request.param
    service.control("stop", "super-server", check=False)


def test_it_serves_an_association(super_server, service):
    def associated():
        try:
            return service.associate(11113)
        except ConnectionRefusedError:
            return None

    with eventually(associated) as association:
        assert [store(association, small(), number) for number in (1, 2)] == [SUCCESS] * 2
        association.release()
    assert all(whole(service.spool, small(), number) for number in (1, 2))
    assert service.bed.run("stat", "-c", "%U", f"{SPOOL}/CT.{small().instance(1)}").strip() == "storescpd"
    assert service.send("echoscu", "127.0.0.1", "11113").returncode == 0
    # Nobody is left behind.
    eventually(lambda: "storescpd" not in service.bed.run("ps", "-e", "-o", "args="))
