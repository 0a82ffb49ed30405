"""SIGHUP: another generation takes over without refusing a connection; a bad file changes nothing."""

import os
import shutil
import signal
import socket
import threading

import pytest

from tests.supervisor.steering import count, listener, reconfigure, reload, rewrite
from tests.support.daemon import storescpd
from tests.support.processes import LISTEN, alive, connections, eventually, free_port, socket_inodes
from tests.support.rawclient import Aborted, Closed, Rejected
from tests.support.scenes import ECHO, SUCCESS, associate, begin, finish, owner, small, store, whole

TAKEN = -1
"""Stands for a port that another program listens on."""


def listens(port: int) -> bool:
    return any(row.state == LISTEN and row.local_port == port for row in connections())


def echoes(port: int, host: str = "127.0.0.1") -> bool:
    with associate(port, host=host) as association:
        status = association.echo(ECHO)
        association.release()
    return status == SUCCESS


def test_an_association_outlives_a_reload(tmp_path):
    template = small()
    with storescpd(tmp_path / "out", workers=2) as daemon, associate(daemon.port) as association:
        assert store(association, template, 1) == SUCCESS
        rest = begin(association, template, 2)
        old = owner(daemon, association)
        before = daemon.worker_pids()
        reload(daemon)
        eventually(lambda: set(before) & set(daemon.worker_pids()) == {old})
        assert len(daemon.worker_pids()) == 3
        assert finish(association, rest) == SUCCESS
        assert echoes(daemon.port)
        assert store(association, template, 3) == SUCCESS
        association.release()
        eventually(lambda: not alive(old))
        assert all(whole(daemon.directory, template, number) for number in (1, 2, 3))
        assert len(daemon.worker_pids()) == 2


def test_no_connection_is_refused_and_no_object_lost_meanwhile(tmp_path):
    template, stop, lost, stored = small(), threading.Event(), [], []

    def sender(first: int) -> None:
        number = first
        while not stop.is_set():
            number += 1
            try:
                with associate(port) as association:
                    stored.append((number, store(association, template, number)))
                    association.release()
            except (OSError, Closed, Aborted, Rejected) as error:
                lost.append(error)

    with storescpd(tmp_path / "out", workers=2) as daemon:
        port = daemon.port
        threads = [threading.Thread(target=sender, args=(1000 * first,)) for first in range(3)]
        for thread in threads:
            thread.start()
        try:
            for number in range(6):
                goal = len(stored) + 10
                reconfigure(
                    daemon, {"listeners": [listener(), listener(name=f"other{number}")]}, workers=1 + number % 3
                )
                eventually(lambda goal=goal: len(stored) >= goal)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert lost == []
        assert {status for _, status in stored} == {SUCCESS}
        assert all(whole(daemon.directory, template, number) for number, _ in stored)
        eventually(lambda: len(daemon.worker_pids()) == 3)


def test_a_new_configuration_holds_for_new_associations(tmp_path):
    template, other = small(), tmp_path / "other"
    other.mkdir()
    with storescpd(tmp_path / "out") as daemon, associate(daemon.port) as old:
        worker = owner(daemon, old)
        reconfigure(daemon, {"storage": {"directory": str(other)}, "process": {"max_associations": 2}}, workers=3)
        ports = {row.inode for row in connections() if row.state == LISTEN and row.local_port == daemon.port}
        eventually(lambda: ports.isdisjoint(socket_inodes(worker)))
        with associate(daemon.port) as new:
            # The limit counts the association of before.
            with pytest.raises(Rejected):
                associate(daemon.port)
            assert store(new, template, 1) == SUCCESS
            assert store(old, template, 2) == SUCCESS
        assert whole(other, template, 1)
        assert whole(tmp_path / "out", template, 2)
        assert len(daemon.worker_pids()) == 4


def test_listeners_come_and_go(tmp_path):
    with storescpd(tmp_path / "out", {"listeners": [listener(), listener(name="second")]}) as daemon:
        first, second = daemon.ports()["dicom"], daemon.ports()["second"]
        reconfigure(daemon, {"listeners": [listener(), listener(name="third")]})
        third = daemon.ports()["third"]
        assert echoes(first)
        assert echoes(third)
        eventually(lambda: not listens(second))
        reconfigure(daemon, {"listeners": [listener(name="third")]})
        eventually(lambda: not listens(first))
        assert echoes(third)
        assert daemon.terminate() == 0
        assert not listens(third)


def test_a_port_keeps_its_socket_under_another_name(tmp_path):
    port = free_port()
    with storescpd(tmp_path / "out", {"listeners": [listener(port)]}) as daemon:
        [before] = [row.inode for row in connections() if row.state == LISTEN and row.local_port == port]
        reconfigure(daemon, {"listeners": [listener(port, "renamed")]})
        [after] = [row.inode for row in connections() if row.state == LISTEN and row.local_port == port]
        assert before == after
        assert echoes(port)
        eventually(lambda: "listener=renamed" in daemon.log())


@pytest.mark.parametrize("addresses", [["127.0.0.1", "0.0.0.0", "127.0.0.1"], ["127.0.0.1", "::", "0.0.0.0", "::1"]])
def test_a_port_gets_another_address(addresses, tmp_path):
    port = free_port()
    with storescpd(tmp_path / "out", {"listeners": [listener(port, address=addresses[0])]}) as daemon:
        for address in addresses[1:]:
            reconfigure(daemon, {"listeners": [listener(port, address=address)]})
            # Until then the old socket may still take a connection, and take it with it.
            eventually(lambda: sum(row.state == LISTEN and row.local_port == port for row in connections()) == 1)
            assert echoes(port, "::1" if address == "::1" else "127.0.0.1")
        with storescpd(tmp_path / "out", {"listeners": [listener(port, address="::")]}, wait=False) as thief:
            assert thief.wait() == 1


BAD = {
    "no TOML": "this is no TOML",
    "unknown key": {"storage": {"directry": "/"}},
    "not available": {"metrics": {"address": "127.0.0.1:1"}},
    "no directory": {"storage": {"directory": "/no/such/directory"}},
    "no group": {"storage": {"group": "no-such-group"}},
    "no log": {"logging": {"destination": "/no/such/directory/log"}, "listeners": [listener(), listener(name="more")]},
    "no host": {"listeners": [listener(address="no-such-host.invalid")]},
    "not our address": {"listeners": [listener(address="192.0.2.1")]},
    "port taken": {"listeners": [listener(name="more"), listener(TAKEN, "taken")]},
}


@pytest.fixture
def taken_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def with_port(config, port: int):
    """The configuration with the port that is taken."""
    if isinstance(config, dict):
        return {key: with_port(value, port) for key, value in config.items()}
    if isinstance(config, list):
        return [with_port(value, port) for value in config]
    return port if config == TAKEN else config


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_changes_nothing(bad, taken_port, tmp_path):
    config = with_port(BAD[bad], taken_port)
    with storescpd(tmp_path / "out", workers=2) as daemon, associate(daemon.port) as association:
        workers, sockets = daemon.worker_pids(), descriptors(daemon.pid)
        if isinstance(config, str):
            daemon.config_file.write_text(config)
        else:
            rewrite(daemon, {"process": {"umask": "0000"}, **config}, workers=1)
        reload(daemon, message="reload failed")
        assert daemon.worker_pids() == workers
        assert descriptors(daemon.pid) == sockets
        assert umask(daemon.pid) == 0o027
        assert association.echo(ECHO) == SUCCESS
        assert echoes(daemon.port)
        assert count(daemon, "reloading") == 0
        reconfigure(daemon, {}, workers=1)
        association.release()
        eventually(lambda: len(daemon.worker_pids()) == 1 and not set(workers) & set(daemon.worker_pids()))
        assert echoes(daemon.port)


def descriptors(pid: int) -> list[str]:
    """What a process has open."""
    folder = f"/proc/{pid}/fd"
    return sorted(os.readlink(f"{folder}/{name}") for name in os.listdir(folder))


def umask(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1], 8) for line in status if line.startswith("Umask"))


def test_a_file_that_is_gone_changes_nothing(tmp_path):
    with storescpd(tmp_path / "out") as daemon:
        workers = daemon.worker_pids()
        daemon.config_file.rename(tmp_path / "moved")
        reload(daemon, message="reload failed")
        shutil.copy(tmp_path / "moved", daemon.config_file)
        assert daemon.worker_pids() == workers
        reload(daemon)
        eventually(lambda: not set(workers) & set(daemon.worker_pids()))
        assert echoes(daemon.port)


def test_many_reloads_at_once_leave_one_generation(tmp_path):
    with storescpd(tmp_path / "out", workers=2) as daemon:
        first = daemon.worker_pids()
        for _ in range(30):
            daemon.signal(signal.SIGHUP)
        reload(daemon)
        last = daemon.log().splitlines()
        numbers = [int(line.split("generation=")[1]) for line in last if "] serving" in line]
        assert numbers == sorted(set(numbers))
        eventually(lambda: len(daemon.worker_pids()) == 2 and not set(first) & set(daemon.worker_pids()))
        assert echoes(daemon.port)
        assert descriptors(daemon.pid).count("anon_inode:[eventpoll]") == 1


def test_an_association_that_outstays_reload_drain_timeout_is_aborted(tmp_path):
    config = {"process": {"reload_drain_timeout": 0.2}}
    with storescpd(tmp_path / "out", config) as daemon, associate(daemon.port) as association:
        old = owner(daemon, association)
        reload(daemon)
        assert association.read_pdu()[0] == 7
        eventually(lambda: not alive(old))


def test_a_stop_after_a_reload_reaches_every_generation(tmp_path):
    with storescpd(tmp_path / "out", {"process": {"drain_timeout": 0.2}}) as daemon, associate(daemon.port) as old:
        reload(daemon)
        with associate(daemon.port) as new:
            daemon.signal(signal.SIGTERM)
            assert [old.read_pdu()[0], new.read_pdu()[0]] == [7, 7]
        assert daemon.wait() == 0
        assert daemon.members() == []
