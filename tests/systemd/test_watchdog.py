"""Processes that hang: the supervisor replaces its children, systemd the supervisor."""

import os
import signal

from tests.support.processes import eventually
from tests.support.scenes import SUCCESS, small, store, whole
from tests.systemd.service import SETTINGS, UNIT

PATIENCE = 60
"""Seconds; five looks at a worker, each after two seconds."""


def test_a_supervisor_that_hangs_is_restarted(service):
    service.configure(SETTINGS)
    service.drop_in("[Service]\nWatchdogSec=2\n")
    service.control("start")
    assert service.store(1) == SUCCESS
    os.kill(service.supervisor, signal.SIGSTOP)
    eventually(lambda: service.bed.show(UNIT, "NRestarts", "ActiveState") == ["1", "active"], PATIENCE)
    said = [entry["MESSAGE"] for entry in service.bed.journal()]
    assert any("Watchdog timeout" in message for message in said)
    assert service.store(2) == SUCCESS
    assert all(whole(service.spool, small(), number) for number in (1, 2))


def test_a_worker_that_hangs_is_replaced_and_the_service_goes_on(service):
    """Its neighbour goes on serving meanwhile."""
    service.configure(SETTINGS)
    service.drop_in("[Service]\nWatchdogSec=2\n")
    service.control("start")
    supervisor, [stuck, other] = service.supervisor, service.workers()
    os.kill(stuck, signal.SIGSTOP)
    eventually(lambda: stuck not in service.workers(), PATIENCE)
    assert other in service.workers()
    with service.associate() as association:
        assert store(association, small(), 1) == SUCCESS
        association.release()
    eventually(lambda: len(service.workers()) == 2)
    assert service.supervisor == supervisor
    assert service.bed.show(UNIT, "NRestarts", "ActiveState") == ["0", "active"]
    assert any("worker is stuck" in entry["MESSAGE"] for entry in service.bed.journal("PRIORITY=3"))
