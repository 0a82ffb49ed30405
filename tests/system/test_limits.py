"""The limits hold for the whole daemon, and whoever leaves or dies frees a place."""

import socket
import threading

import pytest

from tests.support.daemon import storescpd
from tests.support.processes import end, eventually
from tests.support.rawclient import Closed, Rejected
from tests.support.scenes import ECHO, SUCCESS, associate

LOCAL_LIMIT = (2, 3, 2)


def refused(port: int, **options) -> tuple[int, int, int]:
    with pytest.raises(Rejected) as error:
        associate(port, **options)
    return error.value.result, error.value.source, error.value.reason


def accepted(port: int, **options):
    """An association, or nothing while there is no place."""
    try:
        return associate(port, **options)
    except (Rejected, Closed, ConnectionError):
        return None


def test_max_associations_is_one_limit_for_all_workers(tmp_path):
    with storescpd(tmp_path / "out", {"process": {"max_associations": 3}}, workers=2) as daemon:
        held = [associate(daemon.port) for _ in range(3)]
        assert refused(daemon.port) == LOCAL_LIMIT
        held.pop().release()
        held.append(eventually(lambda: accepted(daemon.port)))
        assert refused(daemon.port) == LOCAL_LIMIT
        assert [association.echo(ECHO) for association in held] == [SUCCESS] * 3


def test_max_associations_per_peer_counts_addresses(tmp_path):
    config = {"process": {"max_associations_per_peer": 1}}
    with storescpd(tmp_path / "out", config, workers=2) as daemon:
        with associate(daemon.port, source="127.0.0.2"), associate(daemon.port, source="127.0.0.3") as third:
            assert refused(daemon.port, source="127.0.0.2") == LOCAL_LIMIT
            assert refused(daemon.port, source="127.0.0.3") == LOCAL_LIMIT
            third.release()
            eventually(lambda: accepted(daemon.port, source="127.0.0.3"))


def test_beyond_max_connections_the_newest_is_closed(tmp_path):
    with storescpd(tmp_path / "out", {"process": {"max_connections": 4}}, workers=2) as daemon:
        with associate(daemon.port) as association:
            silent = [socket.create_connection(("127.0.0.1", daemon.port), timeout=30) for _ in range(3)]
            with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as newest:
                assert newest.recv(1) == b""
            assert association.echo(ECHO) == SUCCESS
            for one in silent:
                one.close()
            eventually(lambda: accepted(daemon.port))


def test_who_finds_no_place_may_wait(tmp_path):
    config = {"process": {"max_associations": 1, "when_full": "wait"}}
    with storescpd(tmp_path / "out", config) as daemon:
        first, waited = associate(daemon.port), []
        thread = threading.Thread(target=lambda: waited.append(associate(daemon.port)))
        thread.start()
        assert first.echo(ECHO) == SUCCESS
        assert waited == []
        first.release()
        thread.join(30)
        assert waited[0].echo(ECHO) == SUCCESS
        waited[0].release()


@pytest.mark.parametrize("limit", ["max_associations", "max_associations_per_peer", "max_connections"])
def test_a_killed_worker_frees_its_places(limit, tmp_path):
    with storescpd(tmp_path / "out", {"process": {limit: 2}}, workers=2) as daemon:
        held = [associate(daemon.port) for _ in range(2)]
        assert accepted(daemon.port) is None
        for worker in daemon.worker_pids():
            end(worker)
        again = [eventually(lambda: accepted(daemon.port)) for _ in held]
        assert accepted(daemon.port) is None
        assert [association.echo(ECHO) for association in again] == [SUCCESS] * 2
