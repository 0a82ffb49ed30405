"""Workers share the connections fairly, and one that dies takes nobody with it."""

import threading

import pytest

from tests.support.daemon import storescpd
from tests.support.processes import alive, end, established, eventually
from tests.support.scenes import SUCCESS, associate, owner, small, store


def spread(daemon, expected: int) -> int:
    """The difference between the workers with the most and the fewest connections, once all are seen."""

    def counts() -> list[int]:
        found = [established(pid, daemon.port) for pid in daemon.worker_pids()]
        return found if sum(found) == expected else []

    found = eventually(counts)
    return max(found) - min(found)


@pytest.mark.parametrize("workers", [2, 3])
def test_connections_spread_evenly(workers, tmp_path):
    with storescpd(tmp_path / "out", workers=workers) as daemon:
        held = []
        for number in range(1, 3 * workers + 2):
            held.append(associate(daemon.port))
            assert spread(daemon, number) <= 1
        for association in held:
            association.release()


def test_connections_that_come_together_spread_evenly(tmp_path):
    with storescpd(tmp_path / "out", workers=2) as daemon:
        held = []
        threads = [threading.Thread(target=lambda: held.append(associate(daemon.port))) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(held) == 12
        assert spread(daemon, 12) <= 1
        for association in held:
            association.release()


def test_the_others_never_notice_a_killed_worker(tmp_path):
    template = small()
    with storescpd(tmp_path / "out", workers=2) as daemon, associate(daemon.port) as association:
        assert store(association, template, 1) == SUCCESS
        mine = owner(daemon, association)
        [other] = [pid for pid in daemon.worker_pids() if pid != mine]
        for number in range(2, 5):
            end(other)
            assert store(association, template, number) == SUCCESS
            [other] = eventually(lambda dead=other: [p for p in daemon.worker_pids() if p not in {mine, dead}])
        association.release()
        assert alive(mine)
        assert mine in daemon.worker_pids()


def test_a_dead_worker_is_reported_with_its_cause(tmp_path):
    with storescpd(tmp_path / "out") as daemon:
        [worker] = daemon.worker_pids()
        end(worker)
        eventually(lambda: any(pid != worker for pid in daemon.worker_pids()))
        line = next(
            line for line in daemon.log().splitlines() if str(worker) in line and "9" in line.split(str(worker))[1]
        )
        assert line
