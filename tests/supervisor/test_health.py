"""A child that gives no sign of life is replaced and its stacks are in the log; one that merely waits is left alone."""

import os
import signal
import socket

import pytest

from storescpd.supervisor.health import BEGINNING, HOPELESS, KEEPER_STUCK, LOOK, STUCK, Health
from storescpd.worker.scoreboard import KEEPER, Scoreboard, Slot
from tests.studies.studies import keeper_pid
from tests.supervisor.steering import count, injected
from tests.supervisor.test_replacing import suspend
from tests.support.daemon import storescpd
from tests.support.manager import manager
from tests.support.mounts import freezable, frozen
from tests.support.processes import alive, children, end, eventually, stat
from tests.support.rawclient import store_message, store_request
from tests.support.scenes import (
    CT,
    ECHO,
    OUT_OF_RESOURCES,
    SUCCESS,
    associate,
    begin,
    finish,
    owner,
    small,
    store,
    whole,
)
from tests.support.tools import needs_root

PATIENCE = 90
"""Seconds for what takes the supervisor ten or twenty."""
WATCHDOG = 4
"""Seconds; twice LOOK, so that one sign of life comes with each look."""


def watched(systemd) -> dict[str, str]:
    return {**systemd.environment, "WATCHDOG_USEC": str(WATCHDOG * 1_000_000)}


def wait_for_looks(systemd, patience: int = STUCK) -> None:
    """Let the supervisor look so often that it would have killed whoever is stuck."""
    assert WATCHDOG / 2 == LOOK
    systemd.wait("WATCHDOG", systemd.count("WATCHDOG") + patience + 3, timeout=PATIENCE)


@pytest.mark.slow
def test_a_stopped_worker_is_replaced_and_the_others_never_notice(tmp_path):
    template = small()
    with storescpd(tmp_path / "out", workers=2) as daemon, associate(daemon.port) as association:
        assert store(association, template, 1) == SUCCESS
        mine = owner(daemon, association)
        [other] = [pid for pid in daemon.worker_pids() if pid != mine]
        suspend(other)
        eventually(lambda: count(daemon, "worker is stuck and is killed") == 1, PATIENCE)
        eventually(lambda: len(daemon.worker_pids()) == 2 and other not in daemon.worker_pids())
        assert store(association, template, 2) == SUCCESS
        held = [association]

        def served_by_the_new_one() -> bool:
            held.append(associate(daemon.port))
            return owner(daemon, held[-1]) != mine

        eventually(served_by_the_new_one)
        assert store(held[-1], template, 3) == SUCCESS
        assert alive(mine)
        assert all(whole(daemon.directory, template, number) for number in range(1, 4))
        assert f"worker={other}" in next(line for line in daemon.log().splitlines() if "stuck" in line)


DEADLOCK = """
import os, threading
from storescpd.worker.accept import AcceptLoop
accept = AcceptLoop._accept
def in_a_deadlock(self, listener):
    if os.path.exists(FLAG):
        lock = threading.Lock()
        os.unlink(FLAG)
        lock.acquire()
        lock.acquire()
    return accept(self, listener)
AcceptLoop._accept = in_a_deadlock
"""


@pytest.mark.slow
def test_a_deadlock_is_in_the_log_and_nobody_waits_for_it_any_more(tmp_path):
    env = injected(tmp_path, DEADLOCK)
    with storescpd(tmp_path / "out", env=env) as daemon:
        [worker] = daemon.worker_pids()
        (tmp_path / "flag").touch()
        # It waits in the backlog until another worker takes it.
        with associate(daemon.port) as association:
            assert association.echo(ECHO) == SUCCESS
            association.release()
        [line] = [line for line in daemon.log().splitlines() if "worker is stuck and is killed" in line]
        assert f"worker={worker}" in line
        assert "in in_a_deadlock" in line
        assert "worker/threads.py" in line
        assert "out of memory" not in daemon.log()


# Sent to this very thread: another one might take it later.
STOPPED_WITH_THE_LOCK = """
import os, signal, threading
from storescpd.worker.accept import AcceptLoop
take = AcceptLoop._take
def stopped(self, listener):
    try:
        os.unlink(FLAG)
    except FileNotFoundError:
        return take(self, listener)
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
AcceptLoop._take = stopped
"""


@pytest.mark.slow
def test_whoever_holds_the_lock_of_all_is_the_only_one_killed(tmp_path):
    env = injected(tmp_path, STOPPED_WITH_THE_LOCK)
    with storescpd(tmp_path / "out", workers=3, env=env) as daemon:
        before = set(daemon.worker_pids())
        (tmp_path / "flag").touch()
        with associate(daemon.port) as association:
            assert association.echo(ECHO) == SUCCESS
            association.release()
        eventually(lambda: len(daemon.worker_pids()) == 3)
        assert len(before & set(daemon.worker_pids())) == 2
        assert count(daemon, "worker is stuck and is killed") == 1


@pytest.mark.slow
def test_a_stopped_keeper_is_replaced(tmp_path):
    template = small()
    with storescpd(tmp_path / "out", {"naming": {"sort": "study-uid"}}) as daemon:
        with associate(daemon.port) as association:
            assert store(association, template, 1) == SUCCESS
            old = keeper_pid(daemon)
            suspend(old)
            eventually(lambda: count(daemon, "keeper is stuck and is killed") == 1, PATIENCE)
            assert store(association, template, 2) == SUCCESS
            association.release()
        assert keeper_pid(daemon) != old
        assert len(daemon.stored()) == 2


@pytest.mark.slow
@pytest.mark.root
@needs_root
def test_who_waits_for_a_disk_is_left_alone(tmp_path):
    """A worker's connection and the keeper hang in the kernel; everything else goes on."""
    template, elsewhere = small(), tmp_path / "elsewhere"
    elsewhere.mkdir()
    config = {
        "naming": {"sort": "study-uid"},
        "peers": [{"calling_ae_title": "ELSEWHERE", "storage": {"directory": str(elsewhere)}}],
    }
    with manager(tmp_path) as systemd, freezable(tmp_path / "out") as disk:
        with storescpd(disk, config, env=watched(systemd)) as daemon:
            with (
                associate(daemon.port) as stored_there,
                associate(daemon.port, calling="ELSEWHERE") as recorded_there,
                associate(daemon.port) as idle,
            ):
                assert store(stored_there, template, 1) == SUCCESS
                before, keeper = children(daemon.pid), keeper_pid(daemon)
                with frozen(disk):
                    stored_there.send_raw(message(stored_there, template, 2))
                    recorded_there.send_raw(message(recorded_there, template, 3))
                    eventually(lambda: stat(keeper)[0] == "D")
                    wait_for_looks(systemd, KEEPER_STUCK)
                    assert idle.echo(ECHO) == SUCCESS
                assert stored_there.status() == SUCCESS
                # Workers wait for the keeper for ten seconds.
                assert recorded_there.status() in {SUCCESS, OUT_OF_RESOURCES}
                assert store(recorded_there, template, 4) == SUCCESS
                assert children(daemon.pid) == before
            assert "stuck" not in daemon.log()
            assert daemon.terminate() == 0


def message(association, template, number: int) -> bytes:
    command = store_request(template.sop_class, template.instance(number))
    return store_message(CT, command, template.bytes(number), association.pdv_size)


@pytest.mark.slow
def test_a_worker_that_has_no_room_is_not_stuck(tmp_path):
    """Others wait in the backlog, when_full = "wait"."""
    config = {"process": {"max_associations": 1, "when_full": "wait"}}
    with manager(tmp_path) as systemd:
        with storescpd(tmp_path / "out", config, env=watched(systemd)) as daemon:
            [worker] = daemon.worker_pids()
            with associate(daemon.port) as association:
                with socket.create_connection(("127.0.0.1", daemon.port)):
                    wait_for_looks(systemd)
                assert association.echo(ECHO) == SUCCESS
                association.release()
            with associate(daemon.port) as another:
                assert another.echo(ECHO) == SUCCESS
            assert daemon.worker_pids() == [worker]
            assert "stuck" not in daemon.log()


NO_MORE_THREADS = """
import threading
start = threading.Thread.start
def refused(self):
    if threading.active_count() > 2:
        raise RuntimeError("can't start new thread")
    start(self)
threading.Thread.start = refused
"""


@pytest.mark.slow
def test_a_worker_whose_threads_are_all_busy_is_not_stuck(tmp_path):
    """The system has two for it; the third connection waits until one of them is free."""
    with manager(tmp_path) as systemd:
        env = watched(systemd) | injected(tmp_path, NO_MORE_THREADS)
        with storescpd(tmp_path / "out", env=env) as daemon:
            [worker] = daemon.worker_pids()
            with associate(daemon.port) as one, associate(daemon.port) as two:
                eventually(lambda: "no more threads" in daemon.log())
                with socket.create_connection(("127.0.0.1", daemon.port)):
                    wait_for_looks(systemd)
                assert [one.echo(ECHO), two.echo(ECHO)] == [SUCCESS] * 2
                one.release()
                two.release()
            with associate(daemon.port) as another:
                assert another.echo(ECHO) == SUCCESS
            assert daemon.worker_pids() == [worker]
            assert "stuck" not in daemon.log()
            assert count(daemon, "no more threads") == 1


@pytest.mark.slow
def test_a_worker_that_drains_is_not_stuck(tmp_path):
    """After a reload it takes no connections, and lives as long as its association."""
    template = small()
    with manager(tmp_path) as systemd, storescpd(tmp_path / "out", env=watched(systemd)) as daemon:
        with associate(daemon.port) as association:
            rest = begin(association, template, 1)
            daemon.signal(signal.SIGHUP)
            eventually(lambda: count(daemon, "] serving") == 2)
            wait_for_looks(systemd)
            assert finish(association, rest) == SUCCESS
            association.release()
        assert "stuck" not in daemon.log()


def test_a_stuck_supervisor_gives_no_sign_and_one_that_goes_on_blames_nobody(tmp_path):
    with manager(tmp_path) as systemd:
        with storescpd(tmp_path / "out", env={**systemd.environment, "WATCHDOG_USEC": "500000"}) as daemon:
            systemd.wait("WATCHDOG", 3)
            workers = daemon.worker_pids()
            suspend(daemon.pid)
            systemd.read()
            # As long as systemd waits; it would end the daemon now.
            systemd.socket.settimeout(0.5)
            with pytest.raises(TimeoutError):
                systemd.socket.recv(4096)
            systemd.socket.settimeout(0)
            seen = systemd.count("WATCHDOG")
            end(daemon.pid, signal.SIGCONT)
            systemd.wait("WATCHDOG", seen + 3)
            assert daemon.worker_pids() == workers


def test_a_supervisor_that_systemd_aborts_shows_what_it_did(tmp_path):
    with storescpd(tmp_path / "out") as daemon:
        daemon.signal(signal.SIGABRT)
        assert daemon.wait() == -signal.SIGABRT
        text = daemon.log()
        assert "supervisor/supervisor.py" in text[text.index("Current thread") :]


def test_no_sign_of_life_where_nobody_asks(tmp_path):
    with manager(tmp_path) as systemd:
        env = {**systemd.environment, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}
        with storescpd(tmp_path / "out", env=env) as daemon:
            assert daemon.terminate() == 0
        systemd.wait("STOPPING")
        assert systemd.count("WATCHDOG") == 0


@pytest.fixture
def sleeper():
    """A process that is no daemon of ours."""
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    yield pid
    end(pid)
    os.waitpid(pid, 0)


class Case:
    """Health of one child that cannot be killed; what was done about it is kept."""

    def __init__(self, pid: int, place: int = 0) -> None:
        self.scoreboard, self.asked, self.killed = Scoreboard(), [], []
        self.places, self.turn = {pid: place}, 0
        self.health = Health(self.scoreboard, self, self.killed.append)

    def ask(self, pid: int) -> None:
        self.asked.append(pid)

    def read(self) -> str:
        return ""

    def looks(self, number: int) -> None:
        for _ in range(number):
            self.turn += 1
            self.health.look(self.turn * LOOK, self.places)


@pytest.mark.parametrize(("place", "patience"), [(0, STUCK), (KEEPER, KEEPER_STUCK)], ids=["worker", "keeper"])
def test_one_that_cannot_be_killed_makes_the_daemon_ill(place, patience, sleeper):
    """systemd has to help then."""
    case = Case(sleeper, place)
    case.scoreboard.beat(place, 1.0)
    case.looks(patience)
    assert case.asked == []
    case.looks(1)
    assert (case.asked, case.killed) == ([sleeper], [])
    case.looks(HOPELESS - 1)
    assert (case.asked, case.killed) == ([sleeper], [sleeper])
    assert case.health.good
    case.looks(1)
    assert not case.health.good
    # Another one is there in its place.
    case.places = {os.getpid(): place}
    case.looks(1)
    assert case.health.good


class Held:
    """A scoreboard whose lock somebody holds."""

    def __init__(self, scoreboard: Scoreboard, pid: int | None) -> None:
        self.scoreboard, self.pid = scoreboard, pid

    def __getattr__(self, name: str) -> object:
        return getattr(self.scoreboard, name)

    def holder(self) -> int | None:
        return self.pid


def test_the_holder_of_the_lock_is_killed_although_it_fell_silent_last(sleeper):
    case = Case(sleeper)
    held = Held(case.scoreboard, sleeper)
    case.health = Health(held, case, case.killed.append)
    case.places = {os.getpid(): 1, sleeper: 0}
    case.scoreboard.beat(0, 1.0)
    case.scoreboard.beat(1, 1.0)
    case.looks(1)
    case.scoreboard.beat(0, 2.0)
    case.looks(STUCK + 1)
    assert case.killed == [sleeper]
    # Nobody else has to go.
    case.places = {os.getpid(): 1}
    held.pid = None
    case.scoreboard.beat(1, 2.0)
    case.looks(STUCK)
    assert (case.asked, case.killed) == ([sleeper], [sleeper])


def test_one_that_comes_back_in_time_is_not_killed(sleeper):
    case = Case(sleeper)
    case.scoreboard.beat(0, 1.0)
    case.looks(STUCK + 1)
    assert case.asked == [sleeper]
    case.scoreboard.beat(0, 2.0)
    case.looks(3)
    assert case.killed == []


def test_one_that_has_not_begun_gets_more_time(sleeper):
    case = Case(sleeper)
    case.looks(BEGINNING)
    assert case.asked == []
    assert case.health.good
    case.looks(2)
    assert case.killed == [sleeper]


def test_the_holder_of_the_lock_is_known():
    scoreboard, told = Scoreboard(), os.pipe()
    assert scoreboard.holder() is None
    pid = os.fork()
    if pid == 0:
        with scoreboard.locked():
            os.write(told[1], b"x")
            signal.pause()
    os.read(told[0], 1)
    assert scoreboard.holder() == pid
    end(pid)
    os.waitpid(pid, 0)
    assert scoreboard.holder() is None
    for fd in told:
        os.close(fd)


def test_a_slot_has_its_own_sign():
    scoreboard = Scoreboard()
    index = scoreboard.claim(1)
    Slot(scoreboard, index).beat(7.0)
    scoreboard.beat(KEEPER, 8.0)
    assert (scoreboard.heartbeat(index), scoreboard.heartbeat(KEEPER)) == (7.0, 8.0)
    scoreboard.clear(index)
    assert (scoreboard.heartbeat(index), scoreboard.heartbeat(KEEPER)) == (0.0, 8.0)
