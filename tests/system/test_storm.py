"""Workers and the supervisor are killed under load: what was answered with success is on disk, whole."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.compare import dissect
from tests.support.daemon import storescpd
from tests.support.objects import Template
from tests.support.processes import alive, end, eventually
from tests.support.rawclient import Aborted, Closed, Rejected
from tests.support.scenes import SUCCESS, associate, begin, finish, small, store, whole

SENDERS, WORKERS, KILLS = 16, 2, 10
GONE = (Closed, Aborted, Rejected, ConnectionError, TimeoutError)


class Sender(threading.Thread):
    """Sends one object after another; a lost association is followed by another one."""

    def __init__(self, port: int, template: Template, first: int) -> None:
        super().__init__(daemon=True)
        self.port, self.template, self.number = port, template, first
        self.stored: list[int] = []
        self.refused: list[int] = []
        self.lost = 0
        self.halt = threading.Event()

    def run(self) -> None:
        while not self.halt.is_set():
            try:
                self.associate()
            except GONE:
                self.lost += 1

    def associate(self) -> None:
        with associate(self.port) as association:
            while not self.halt.is_set():
                self.number += 1
                status = store(association, self.template, self.number)
                (self.refused if status else self.stored).append(self.number)
            association.release()


@contextmanager
def senders(port: int, template: Template) -> Iterator[list[Sender]]:
    threads = [Sender(port, template, 1_000_000 * (number + 1)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.halt.set()
        for thread in threads:
            thread.join(60)


def acknowledged(threads: list[Sender]) -> int:
    return sum(len(thread.stored) for thread in threads)


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["full", "none"])
def test_workers_killed_under_load_lose_nothing(durability, tmp_path):
    template, target = small(), tmp_path / "out"
    config = {"storage": {"durability": durability}, "process": {"max_associations": 200}}
    with storescpd(target, config, workers=WORKERS) as daemon:
        killed = set()
        with senders(daemon.port, template) as threads:
            for turn in range(KILLS):
                goal = acknowledged(threads) + 100
                eventually(lambda goal=goal: acknowledged(threads) >= goal, 60)
                pids = eventually(daemon.worker_pids)
                victim = sorted(pids)[turn % len(pids)]
                killed.add(victim)
                end(victim)
        assert not any(thread.is_alive() for thread in threads)
        assert len(killed) == KILLS
        assert sum(thread.lost for thread in threads) >= KILLS
        assert [thread.refused for thread in threads if thread.refused] == []
        for number in (number for thread in threads for number in thread.stored):
            assert whole(target, template, number), number
        for path in daemon.stored():
            number = int(path.name.rpartition(".")[2]) % 10**11
            assert dissect(path).data == template.bytes(number), path
        eventually(lambda: len(daemon.worker_pids()) == WORKERS)
        eventually(lambda: not daemon.incoming())
        assert daemon.terminate() == 0


def test_a_killed_worker_leaves_no_temporary_file(tmp_path):
    template = small()
    with storescpd(tmp_path / "out") as daemon:
        [worker] = daemon.worker_pids()
        with associate(daemon.port) as association:
            begin(association, template, 1)
            eventually(daemon.incoming)
            end(worker)
            eventually(lambda: not daemon.incoming())
        assert daemon.stored() == []
        with associate(daemon.port) as association:
            assert store(association, template, 1) == SUCCESS
        assert daemon.worker_pids() != [worker]


def test_a_start_removes_what_a_dead_daemon_left(tmp_path):
    template, target = small(), tmp_path / "out"
    with storescpd(target) as daemon:
        [worker] = daemon.worker_pids()
        with associate(daemon.port) as association:
            begin(association, template, 1)
            eventually(daemon.incoming)
            daemon.kill()
            end(worker)
            eventually(lambda: not alive(worker))
        assert daemon.incoming()
    with storescpd(target) as daemon:
        eventually(lambda: not daemon.incoming())
        assert daemon.stored() == []


def test_an_association_outlives_a_killed_supervisor_and_a_new_daemon_starts_at_once(tmp_path):
    template, target = small(), tmp_path / "out"
    with storescpd(target, workers=WORKERS) as old:
        port, workers = old.port, old.worker_pids()
        with associate(port) as association:
            assert store(association, template, 1) == SUCCESS
            rest = begin(association, template, 2)
            old.kill()
            with storescpd(target, {"listeners": [{"address": "127.0.0.1", "port": port}]}) as new:
                with associate(port) as other:
                    assert store(other, template, 3) == SUCCESS
                    assert finish(association, rest) == SUCCESS
                    assert store(association, template, 4) == SUCCESS
                    association.release()
                    eventually(lambda: not any(map(alive, workers)))
                    other.release()
                assert new.port == port
                assert all(whole(target, template, number) for number in (1, 2, 3, 4))
                assert new.terminate() == 0
