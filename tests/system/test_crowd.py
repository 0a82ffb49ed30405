"""Two thousand associations that do nothing, and one that works."""

import os

import pytest

from tests.support.daemon import Daemon, storescpd
from tests.support.processes import stat
from tests.support.scenes import ECHO, SUCCESS, associate, small, store

CROWD = 2000
OBJECTS = 200
PATIENT = {"process": {"max_associations": CROWD + 10, "max_connections": CROWD + 10}}


def seconds(daemon: Daemon) -> float:
    """Processor time of all processes of the daemon so far."""
    return sum(sum(map(int, stat(pid)[11:13])) for pid in daemon.members()) / os.sysconf("SC_CLK_TCK")


def cost(daemon: Daemon, first: int) -> float:
    """Processor time that the daemon takes for some objects on one association."""
    template = small()
    before = seconds(daemon)
    with associate(daemon.port) as association:
        for number in range(first, first + OBJECTS):
            assert store(association, template, number) == SUCCESS
        association.release()
    return seconds(daemon) - before


@pytest.mark.slow
def test_idle_associations_cost_a_working_one_nothing(tmp_path):
    with storescpd(tmp_path / "out", PATIENT | {"storage": {"durability": "none"}}, workers=2) as daemon:
        cost(daemon, 1)
        alone = cost(daemon, 1000)
        crowd = [associate(daemon.port) for _ in range(CROWD)]
        among = cost(daemon, 2000)
        # Generous: a loop over the crowd for each object or PDU costs a hundred times as much.
        assert among <= 3 * alone + 0.1
        assert [association.echo(ECHO) for association in crowd[:: CROWD // 20]] == [SUCCESS] * 20
        for association in crowd:
            association.socket.close()
