"""Workers that die are replaced, with growing pauses when they die at once; the supervisor survives what fails."""

import signal
import time

import pytest

from storescpd.supervisor.supervisor import FIRST_PAUSE, LONGEST_PAUSE, SHORT_LIFE, Replacement
from tests.supervisor.steering import count
from tests.support.daemon import storescpd
from tests.support.processes import end, eventually, suspend
from tests.support.rawclient import Closed
from tests.support.scenes import ECHO, SUCCESS, associate, owner, small, store
from tests.support.tracing import traced

CAUSES = {
    signal.SIGKILL: "Killed",
    signal.SIGSEGV: "Segmentation fault",
    signal.SIGABRT: "Aborted",
    signal.SIGBUS: "Bus error",
}


@pytest.mark.parametrize("number", CAUSES)
def test_a_death_is_told_with_its_cause(number, tmp_path):
    with storescpd(tmp_path / "out") as daemon:
        [worker] = daemon.worker_pids()
        end(worker, number)
        eventually(lambda: daemon.worker_pids() not in ([], [worker]))
        [line] = [line for line in daemon.log().splitlines() if "worker died" in line]
        assert f"worker={worker}" in line
        assert f"signal {int(number)} ({CAUSES[number]})" in line
        with associate(daemon.port) as association:
            assert association.echo(ECHO) == SUCCESS


def test_a_worker_that_leaves_unasked_is_replaced_too(tmp_path):
    with storescpd(tmp_path / "out") as daemon, associate(daemon.port) as association:
        [worker] = daemon.worker_pids()
        end(worker, signal.SIGTERM)
        assert store(association, small(), 1) == SUCCESS
        association.release()
        eventually(lambda: daemon.worker_pids() not in ([], [worker]))
        assert count(daemon, "worker died") == 1


def test_those_that_die_at_once_are_replaced_with_growing_pauses(tmp_path):
    """Only that a pause is not shorter is asserted: how much longer it is depends on the machine."""
    with storescpd(tmp_path / "out") as daemon:
        pauses = []
        for _ in range(5):
            [worker] = eventually(daemon.worker_pids)
            before = time.monotonic()
            end(worker)
            eventually(lambda dead=worker: daemon.worker_pids() not in ([], [dead]))
            pauses.append(time.monotonic() - before)
        for number, pause in enumerate(pauses):
            assert pause >= FIRST_PAUSE * 2**number
        with associate(daemon.port) as association:
            assert association.echo(ECHO) == SUCCESS
        assert daemon.terminate() == 0


def test_several_that_die_of_one_cause_cost_one_pause(tmp_path):
    with storescpd(tmp_path / "out", workers=6) as daemon:
        workers = daemon.worker_pids()
        for worker in workers:
            end(worker)
        eventually(lambda: len(daemon.worker_pids()) == 6 and not set(workers) & set(daemon.worker_pids()))
        assert count(daemon, "worker died") == 6


def test_the_pause_grows_to_its_limit_and_is_forgotten_after_a_long_life(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    replacement = Replacement()

    def die(life: float) -> float:
        replacement.plan(life)
        pause = replacement.due - now[0]
        now[0], replacement.due = replacement.due, None
        return round(pause, 3)

    pauses = [die(SHORT_LIFE / 2) for _ in range(9)]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert LONGEST_PAUSE == 10.0
    assert die(SHORT_LIFE * 2) == 0
    assert die(SHORT_LIFE / 2) == 0.1
    replacement.plan(0.0)
    first = replacement.due
    for _ in range(8):
        replacement.plan(0.0)
    assert replacement.due == first


@pytest.mark.parametrize("error", ["EAGAIN", "ENOMEM"])
def test_the_supervisor_survives_that_it_cannot_fork(error, tmp_path):
    with storescpd(tmp_path / "out", workers=2) as daemon:
        with associate(daemon.port) as association:
            mine = owner(daemon, association)
            [other] = [pid for pid in daemon.worker_pids() if pid != mine]
            with traced(
                daemon.pid, "clone,clone3,fork,vfork", tmp_path / "trace", f"clone,clone3,fork,vfork:error={error}"
            ):
                end(other)
                eventually(lambda: count(daemon, "cannot fork") >= 2)
                assert daemon.worker_pids() == [mine]
                assert association.echo(ECHO) == SUCCESS
            eventually(lambda: len(daemon.worker_pids()) == 2)
            assert mine in daemon.worker_pids()
        assert daemon.terminate() == 0
        assert daemon.members() == []


def test_a_reload_while_it_cannot_fork(tmp_path):
    with storescpd(tmp_path / "out") as daemon, associate(daemon.port) as association:
        [old] = daemon.worker_pids()
        with traced(daemon.pid, "clone,clone3,fork,vfork", tmp_path / "trace", "clone,clone3,fork,vfork:error=EAGAIN"):
            daemon.signal(signal.SIGHUP)
            eventually(lambda: count(daemon, "cannot fork"))
            assert association.echo(ECHO) == SUCCESS
            with associate(daemon.port) as other:
                assert other.echo(ECHO) == SUCCESS
            assert daemon.worker_pids() == [old]
        eventually(lambda: count(daemon, "] serving") == 2)
        association.release()
        eventually(lambda: daemon.worker_pids() not in ([old], []) and old not in daemon.worker_pids())


def test_a_stopped_worker_stops_nobody_else(tmp_path):
    """It keeps its connections and loses none; the others go on, and the daemon ends all the same."""
    config = {"process": {"drain_timeout": 0}}
    with storescpd(tmp_path / "out", config, workers=2) as daemon:
        with associate(daemon.port) as association:
            stopped = owner(daemon, association)
            suspend(stopped)
            held = [associate(daemon.port) for _ in range(4)]
            assert {owner(daemon, other) for other in held}.isdisjoint({stopped})
            assert [other.echo(ECHO) for other in held] == [SUCCESS] * 4
            end(stopped, signal.SIGCONT)
            assert association.echo(ECHO) == SUCCESS
            suspend(stopped)
            daemon.signal(signal.SIGTERM)
            for other in held:
                assert other.read_pdu()[0] == 7
            assert daemon.wait() == 0
            with pytest.raises((Closed, ConnectionError)):
                association.read_pdu()
        assert daemon.members() == []
        assert count(daemon, "workers do not end and are killed") == 1
