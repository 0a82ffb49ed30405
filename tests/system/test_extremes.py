"""Settings far from the usual: waits of weeks, one place for all, data sets that say too much."""

import signal
from pathlib import Path

import pytest

from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE, IMPLICIT_LITTLE
from tests.support.processes import eventually
from tests.support.rawclient import RawAssociation
from tests.support.scenes import ECHO, SUCCESS, associate, begin, finish, small, store

LONG = {
    "association": {
        "idle_timeout": "40 days",
        "dimse_timeout": "40 days",
        "socket_timeout": "40 days",
        "acse_timeout": "40 days",
        "keepalive": "40 days",
    },
    "process": {"drain_timeout": "40 days", "reload_drain_timeout": "40 days"},
}


def waiting(pid: int) -> int:
    """Threads of a process that wait in poll(2)."""
    return sum("poll" in (task / "wchan").read_text() for task in Path(f"/proc/{pid}/task").iterdir())


def test_waits_of_many_days(tmp_path):
    """The kernel counts some of them in milliseconds with 31 bits, and one in 15 bits of seconds."""
    template = small()
    with storescpd(tmp_path / "out", LONG) as daemon, associate(daemon.port, timeout=10) as association:
        [worker] = daemon.worker_pids()
        assert store(association, template, 1) == SUCCESS
        # The main thread, the one that accepts, and ours.
        eventually(lambda: waiting(worker) >= 3 or "defect" in daemon.log())
        rest = begin(association, template, 2)
        eventually(lambda: waiting(worker) >= 3 or "defect" in daemon.log())
        daemon.signal(signal.SIGTERM)
        assert finish(association, rest) == SUCCESS
        assert association.echo(ECHO) == SUCCESS
        association.release()
        assert daemon.wait() == 0
        assert "defect" not in daemon.log()


@pytest.mark.parametrize("limit", ["max_associations", "max_associations_per_peer"])
def test_who_has_released_may_come_again_at_once(limit, tmp_path):
    """Whether its connection is closed or not."""
    with storescpd(tmp_path / "out", {"process": {limit: 1}}, workers=2) as daemon:
        for _ in range(100):
            association = associate(daemon.port)
            connection = association.socket.dup()
            association.release()
            connection.close()
        lingering = []
        for _ in range(5):
            association = associate(daemon.port)
            lingering.append(association.socket.dup())
            association.release()
        for connection in lingering:
            connection.close()


@pytest.mark.parametrize("length", [64, 65, 1000, 32766, 65532, 65534])
def test_a_data_set_with_an_endless_uid(length, tmp_path):
    """A value of nearly 64 KiB does not fit the header; whatever becomes of the object, nothing is a defect."""
    instance = b"1." + b"7" * (length - 2)
    instance += b"\0" * (length % 2)
    uids = [(b"\x08\0\x16\0", CT_IMAGE.encode() + b"\0"), (b"\x08\0\x18\0", instance)]
    data = b"".join(tag + len(value).to_bytes(4, "little") + value for tag, value in uids)
    with storescpd(tmp_path / "out") as daemon:
        with RawAssociation(daemon.port, [(1, CT_IMAGE, [IMPLICIT_LITTLE])]) as association:
            status = association.store(1, CT_IMAGE, "1.2.3.4", data)
            assert association.store(1, CT_IMAGE, "1.2.3.5", data) == status
            association.release()
        assert status in (0xA900, 0xA700)
        assert len(daemon.stored()) == (2 if status == 0xA900 else 0)
        assert "defect" not in daemon.log()
        assert daemon.incoming() == []
