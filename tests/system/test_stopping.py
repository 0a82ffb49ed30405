"""SIGTERM lets associations finish, SIGINT does not; nothing half-written stays either way."""

import contextlib
import signal
import socket

import pytest

from tests.support.daemon import storescpd
from tests.support.processes import eventually
from tests.support.rawclient import Aborted, Closed
from tests.support.scenes import SUCCESS, associate, begin, finish, small, store, whole


def refuses(port: int) -> bool:
    """Whether nobody listens any more."""
    with contextlib.suppress(ConnectionResetError), socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
    return False


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_lets_an_open_association_finish_and_go_on(workers, tmp_path):
    template = small()
    with storescpd(tmp_path / "out", workers=workers) as daemon, associate(daemon.port) as association:
        port = daemon.port
        rest = begin(association, template, 1)
        daemon.signal(signal.SIGTERM)
        eventually(lambda: refuses(port))
        assert finish(association, rest) == SUCCESS
        assert store(association, template, 2) == SUCCESS
        association.release()
        assert daemon.wait() == 0
        assert daemon.members() == []
        assert whole(daemon.directory, template, 1)
        assert whole(daemon.directory, template, 2)


def test_sigterm_without_associations_is_prompt(tmp_path):
    with storescpd(tmp_path / "out", {"process": {"drain_timeout": 1000}}, workers=2) as daemon:
        assert daemon.terminate() == 0
        assert daemon.members() == []


def test_an_association_that_outstays_the_drain_is_aborted(tmp_path):
    template = small()
    with (
        storescpd(tmp_path / "out", {"process": {"drain_timeout": 1}}) as daemon,
        associate(daemon.port) as association,
    ):
        assert store(association, template, 1) == SUCCESS
        daemon.signal(signal.SIGTERM)
        assert association.read_pdu()[0] == 7
        assert daemon.wait() == 0
        assert whole(daemon.directory, template, 1)


def test_an_object_that_outstays_the_drain_leaves_nothing(tmp_path):
    template = small()
    with (
        storescpd(tmp_path / "out", {"process": {"drain_timeout": 1}}) as daemon,
        associate(daemon.port) as association,
    ):
        rest = begin(association, template, 1)
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
        with pytest.raises((Aborted, Closed)):
            finish(association, rest)
        assert daemon.stored() == daemon.incoming() == []


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]], ids=["int", "term-term"])
def test_a_stop_at_once_ends_everything(signals, tmp_path):
    template = small()
    with storescpd(tmp_path / "out", {"process": {"drain_timeout": 1000}}, workers=2) as daemon:
        with associate(daemon.port) as association:
            assert store(association, template, 1) == SUCCESS
            rest = begin(association, template, 2)
            for number in signals:
                daemon.signal(number)
                # The kernel folds two signals of one kind that come together.
                eventually(lambda: "stopping" in daemon.log())
            daemon.wait()
            with pytest.raises((Aborted, Closed)):
                finish(association, rest)
        eventually(lambda: not daemon.members())
        assert [path.name for path in daemon.stored()] == [f"CT.{template.instance(1)}"]
        assert daemon.incoming() == []


def test_the_port_is_free_after_a_stop(tmp_path):
    with storescpd(tmp_path / "out") as daemon, associate(daemon.port) as association:
        port = daemon.port
        assert store(association, small(), 1) == SUCCESS
        daemon.signal(signal.SIGINT)
        daemon.wait()
        with storescpd(tmp_path / "out", {"listeners": [{"address": "127.0.0.1", "port": port}]}) as again:
            with associate(port) as other:
                assert store(other, small(), 2) == SUCCESS
                other.release()
            assert again.terminate() == 0
