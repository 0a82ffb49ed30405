"""A hundred reloads while senders run: no connection refused, no association cut, no object lost."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.supervisor.asking import command, status
from tests.supervisor.steering import count, listener, reconfigure, rewrite
from tests.support.build import PATH
from tests.support.daemon import Daemon, storescpd
from tests.support.processes import LISTEN, connections, end, eventually, free_port, suspend
from tests.support.rawclient import Aborted, Closed, Rejected
from tests.support.scenes import ECHO, SUCCESS, associate, owner, small, store, whole

RELOADS = 100
SENDERS = 2


class Sender(threading.Thread):
    """One association after the other, some objects in each."""

    def __init__(self, port: int, first: int, halt: threading.Event) -> None:
        super().__init__(daemon=True)
        self.port, self.number, self.halt = port, first, halt
        self.template = small()
        self.stored: list[int] = []
        self.lost: list[object] = []

    def run(self) -> None:
        while not self.halt.is_set():
            try:
                with associate(self.port) as association:
                    for _ in range(4):
                        self.number += 1
                        answer = store(association, self.template, self.number)
                        (self.lost if answer else self.stored).append(self.number)
                    association.release()
            except (OSError, Closed, Aborted, Rejected) as error:
                self.lost.append(error)


@contextmanager
def senders(*ports: int) -> Iterator[list[Sender]]:
    halt = threading.Event()
    threads = [Sender(port, 1_000_000 * (number + 1), halt) for number, port in enumerate(ports)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        halt.set()
        for thread in threads:
            thread.join(60)


class Tail:
    """The end of a log that grows."""

    def __init__(self, path: Path) -> None:
        self.file, self.text = path.open(), ""

    def has(self, text: str) -> bool:
        self.text = self.text[-1000:] + self.file.read()
        return text in self.text


def nothing_lost(threads: list[Sender], daemon: Daemon) -> None:
    assert [thread.lost for thread in threads] == [[]] * len(threads)
    assert all(thread.stored for thread in threads)
    for thread in threads:
        assert all(whole(daemon.directory, thread.template, number) for number in thread.stored)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_hundred_reloads_lose_nothing(tmp_path):
    """Every tenth is asked for by the command, and brings, moves or takes away a listener."""
    config = {"listeners": [listener(), listener(name="other")]}
    template = small()
    with storescpd(tmp_path / "out", config, workers=2) as daemon, associate(daemon.ports()["dicom"]) as patient:
        ports, log = daemon.ports(), Tail(daemon.log_file)
        with senders(*[ports["dicom"]] * SENDERS) as threads, log.file:
            for number in range(RELOADS):
                tenth = number // 10
                others = [listener(name=f"other{tenth % 3}", address=f"127.0.0.{1 + tenth % 2}")]
                rewrite(daemon, {"listeners": [listener(), *others]}, workers=1 + number % 2)
                if number % 10:
                    daemon.signal(signal.SIGHUP)
                    eventually(
                        lambda line=f"serving workers={1 + number % 2} generation={number + 2}\n": log.has(line), 60
                    )
                else:
                    done = command(daemon, "--reload")
                    assert done.returncode == 0, done.stderr
            assert store(patient, template, 1) == SUCCESS
        nothing_lost(threads, daemon)
        assert count(daemon, "reload failed") == 0
        assert status(daemon)["generation"] == 1 + RELOADS
        assert store(patient, template, 2) == SUCCESS
        patient.release()
        eventually(lambda: status(daemon)["draining"] == [])
        assert status(daemon)["objects"] == sum(len(thread.stored) for thread in threads) + 2
        assert daemon.terminate() == 0


def waits(port: int) -> int:
    """Connections that wait to be accepted, as ss(8) shows them: the receive queue of a listening socket."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    queues = [row[4] for row in rows if row[3] == LISTEN and int(row[1].rpartition(":")[2], 16) == port]
    return sum(int(queue.partition(":")[2], 16) for queue in queues)


def test_what_waits_at_a_port_that_goes_is_served_by_the_old_configuration(tmp_path):
    """The only worker is stopped while they come, and goes on when the new generation serves."""
    template = small()
    config = {"listeners": [listener(), listener(name="leaving")], "association": {"ae_title": "OLD"}}
    with storescpd(tmp_path / "out", config) as daemon:
        leaving = daemon.ports()["leaving"]
        [worker] = daemon.worker_pids()
        suspend(worker)
        try:
            answers: list[int] = []

            def send(number: int) -> None:
                with associate(leaving, called="OLD") as association:
                    answers.append(store(association, template, number))
                    association.release()

            threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
            for thread in threads:
                thread.start()
            eventually(lambda: waits(leaving) == 20)
            checked = {"check_called_ae_title": True, "ae_title": "NEW"}
            reconfigure(daemon, {"listeners": [listener()], "association": checked})
        finally:
            end(worker, signal.SIGCONT)
        for thread in threads:
            thread.join()
        assert answers == [SUCCESS] * 20
        assert all(whole(daemon.directory, template, number) for number in range(20))
        eventually(lambda: not any(row.state == LISTEN and row.local_port == leaving for row in connections()))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", leaving))


def test_a_port_that_changes_its_address_under_load_refuses_nobody(tmp_path):
    port = free_port()
    with storescpd(tmp_path / "out", {"listeners": [listener(port)]}, workers=2) as daemon:
        with senders(port, port) as threads:
            for number in range(6):
                address = "127.0.0.1" if number % 2 else "0.0.0.0"
                rewrite(daemon, {"listeners": [listener(port, address=address)]}, workers=2)
                done = command(daemon, "--reload")
                assert done.returncode == 0, done.stderr
                goal = sum(len(thread.stored) for thread in threads) + 10
                eventually(lambda goal=goal: sum(len(thread.stored) for thread in threads) >= goal, 60)
        nothing_lost(threads, daemon)


def test_nine_generations_are_enough(tmp_path):
    """The present one and eight before it; then a reload waits, and fails where none of them ends."""
    with storescpd(tmp_path / "out") as daemon:
        held = []
        for _ in range(8):
            held.append(associate(daemon.port))
            assert held[-1].echo(ECHO) == SUCCESS
            assert command(daemon, "--reload").returncode == 0
        assert [one["associations"] for one in status(daemon)["draining"]] == [1] * 8
        done = command(daemon, "--reload")
        assert done.returncode == 1
        assert "8 earlier generations" in done.stderr
        assert status(daemon)["generation"] == 9
        arguments = [sys.executable, "-m", "storescpd", "--config", str(daemon.config_file), "--reload"]
        environment = {**os.environ, "PYTHONPATH": PATH}
        with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, env=environment) as waiting:
            held.pop(0).release()
            assert waiting.wait(60) == 0
        assert {association.echo(ECHO) for association in held} == {SUCCESS}
        for association in held:
            association.release()
        eventually(lambda: status(daemon)["draining"] == [])


def test_sighups_fold_into_one(tmp_path):
    with storescpd(tmp_path / "out", workers=2) as daemon:
        for _ in range(50):
            daemon.signal(signal.SIGHUP)
        assert command(daemon, "--reload").returncode == 0
        # One for the first, one for all that came during it, and the one that was asked for.
        assert status(daemon)["generation"] <= 4


def test_a_stopped_worker_holds_no_reload_up(tmp_path):
    with storescpd(tmp_path / "out", workers=2) as daemon, associate(daemon.port) as association:
        old = owner(daemon, association)
        suspend(old)
        try:
            done = command(daemon, "--reload")
            assert done.returncode == 0, done.stderr
            with associate(daemon.port) as other:
                assert other.echo(ECHO) == SUCCESS
        finally:
            end(old, signal.SIGCONT)
        assert association.echo(ECHO) == SUCCESS
