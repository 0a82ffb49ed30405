"""Sockets that somebody else has bound: systemd's own tool, and a parent that keeps them over restarts."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tests.supervisor.steering import count, listener, reconfigure, reload, rewrite
from tests.support.activation import passing
from tests.support.build import PATH
from tests.support.daemon import storescpd
from tests.support.processes import LISTEN, connections, eventually, free_port, socket_inodes
from tests.support.rawclient import Aborted, Closed, Rejected
from tests.support.scenes import ECHO, SUCCESS, associate, small, store, whole
from tests.support.tools import need

NAME_ONLY = {"listeners": [{"name": "dicom"}]}
PASSED = ("-E", f"PYTHONPATH={PATH}", "-E", "PYTHONSAFEPATH=1")
"""systemd-socket-activate hands on no other variables."""


def echoes(port: int) -> bool:
    with associate(port) as association:
        status = association.echo(ECHO)
        association.release()
    return status == SUCCESS


@pytest.mark.parametrize("names", [["--fdname=dicom"], []], ids=["named", "unnamed"])
def test_systemd_socket_activate(names, tmp_path):
    """It waits for the first connection and becomes the daemon then."""
    need("systemd-socket-activate")
    port, template = free_port(), small()
    prefix = ("systemd-socket-activate", "-l", f"127.0.0.1:{port}", *names, *PASSED)
    with storescpd(tmp_path / "out", NAME_ONLY, prefix=prefix, wait=False) as daemon:
        eventually(lambda: "Listening on" in daemon.log())
        with associate(port) as association:
            assert store(association, template, 1) == SUCCESS
            association.release()
        assert daemon.ports() == {"dicom": port}
        assert daemon.terminate() == 0
        assert whole(daemon.directory, template, 1)


def test_systemd_socket_activate_with_several_sockets(tmp_path):
    """Each goes to the listener of its name, whatever their order; one that is not passed the daemon binds."""
    need("systemd-socket-activate")
    ports = {"mr": free_port(), "ct": free_port()}
    prefix = ("systemd-socket-activate", *PASSED, f"--fdname={':'.join(ports)}")
    for port in ports.values():
        prefix = (*prefix, "-l", f"127.0.0.1:{port}")
    config = {"listeners": [{"name": "ct", "port": ports["ct"]}, listener(name="own"), {"name": "mr", "port": 0}]}
    with storescpd(tmp_path / "out", config, prefix=prefix, wait=False) as daemon:
        eventually(lambda: "Listening on" in daemon.log())
        assert echoes(ports["ct"])
        found = eventually(lambda: len(daemon.ports()) == 3 and daemon.ports())
        assert found == {**ports, "own": found["own"]}
        for name, port in found.items():
            assert echoes(port)
            eventually(lambda name=name: f"listener={name}" in daemon.log())


@pytest.fixture
def kept():
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        yield server


def test_a_restart_under_load_refuses_nobody(kept, tmp_path):
    template, stop, lost, stored = small(), threading.Event(), [], []
    port = kept.getsockname()[1]

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

    threads = [threading.Thread(target=sender, args=(1000 * first,)) for first in range(3)]
    with passing([kept], "dicom") as passed, contextlib.ExitStack() as stack:
        stack.callback(lambda: [thread.join() for thread in threads])
        stack.callback(stop.set)
        for round_ in range(3):
            with storescpd(
                tmp_path / "out", NAME_ONLY, workers=2, prefix=passed.prefix, pass_fds=passed.pass_fds
            ) as daemon:
                if round_ == 0:
                    for thread in threads:
                        thread.start()
                goal = len(stored) + 15
                eventually(lambda goal=goal: len(stored) >= goal or lost)
                if round_ == 2:
                    stop.set()
                    for thread in threads:
                        thread.join()
                assert daemon.terminate() == 0
                assert daemon.members() == []
    assert lost == []
    assert {status for _, status in stored} == {SUCCESS}
    assert all(whole(tmp_path / "out", template, number) for number, _ in stored)


def test_several_sockets_of_one_listener(kept, tmp_path):
    with (
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
        passing([kept, six], "dicom:dicom") as passed,
        storescpd(tmp_path / "out", NAME_ONLY, prefix=passed.prefix, pass_fds=passed.pass_fds) as daemon,
    ):
        assert count(daemon, "(dicom)") == 2
        assert echoes(kept.getsockname()[1])
        with associate(six.getsockname()[1], host="::1") as association:
            assert association.echo(ECHO) == SUCCESS


def test_a_reload_keeps_them_and_binds_others(kept, tmp_path):
    port = kept.getsockname()[1]
    with (
        passing([kept], "dicom") as passed,
        storescpd(tmp_path / "out", NAME_ONLY, prefix=passed.prefix, pass_fds=passed.pass_fds) as daemon,
        associate(port) as open_one,
    ):
        reconfigure(daemon, {"listeners": [{"name": "dicom", "port": port}, listener(name="second")]}, workers=2)
        assert echoes(port)
        assert echoes(daemon.ports()["second"])
        reconfigure(daemon, NAME_ONLY)
        assert echoes(port)
        eventually(lambda: not listens(daemon.ports()["second"]))
        assert open_one.echo(ECHO) == SUCCESS
        open_one.release()
        [row] = [row for row in connections() if row.state == LISTEN and row.local_port == port]
        assert row.inode in socket_inodes(daemon.pid)


def listens(port: int) -> bool:
    return any(row.state == LISTEN and row.local_port == port for row in connections())


def test_a_reload_that_contradicts_them_changes_nothing(kept, tmp_path):
    port = kept.getsockname()[1]
    with (
        passing([kept], "dicom") as passed,
        storescpd(tmp_path / "out", NAME_ONLY, prefix=passed.prefix, pass_fds=passed.pass_fds) as daemon,
    ):
        for config in ({"listeners": [listener(port + 1)]}, {"listeners": [listener(name="other")]}):
            rewrite(daemon, config)
            reload(daemon, message="reload failed")
            assert echoes(port)
        assert count(daemon, "no listener has the name of the socket") == 1
        reconfigure(daemon, NAME_ONLY)
        assert echoes(port)


def test_hooks_get_neither_sockets_nor_their_names(kept, tmp_path):
    told = tmp_path / "told"
    script = f"(env; ls -l /proc/self/fd) >{told}.new; mv {told}.new {told}"
    config = {**NAME_ONLY, "hooks": {"on_reception": ["/bin/sh", "-c", script], "inherit_environment": True}}
    with (
        passing([kept], "dicom") as passed,
        storescpd(tmp_path / "out", config, prefix=passed.prefix, pass_fds=passed.pass_fds) as daemon,
        associate(daemon.port) as association,
    ):
        assert store(association, small(), 1) == SUCCESS
        association.release()
        eventually(told.exists)
    text = told.read_text()
    assert "PYTHONPATH=" in text
    assert "/proc/self/fd" in text or "->" in text
    assert "LISTEN_" not in text
    assert "socket:[" not in text


CONTRADICTIONS = {
    "name": ({"listeners": [listener(name="ct")]}, "mr", 'no listener has the name of the socket "mr"'),
    "port": ({"listeners": [listener(1)]}, "dicom", "is 1, but the socket"),
    "none for two": (
        {"listeners": [listener(), listener(name="ct")]},
        "",
        "could be for any of the listeners dicom, ct",
    ),
}


@pytest.mark.parametrize("which", CONTRADICTIONS)
def test_what_contradicts_is_an_error_at_start_and_in_a_check(which, kept, tmp_path):
    config, names, message = CONTRADICTIONS[which]
    with passing([kept], names) as passed:
        fds = passed.pass_fds
        with storescpd(tmp_path / "out", config, wait=False, prefix=passed.prefix, pass_fds=fds) as daemon:
            assert daemon.wait() == 78
            assert message in daemon.log()
        check = [sys.executable, "-m", "storescpd", "--check-config", "--config", str(daemon.config_file)]
        done = subprocess.run(
            [*passed.prefix, *check], pass_fds=fds, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": PATH},
        )  # fmt: skip
        assert done.returncode == 78
        assert message in done.stderr


def test_a_connection_is_no_listener(kept, tmp_path):
    with socket.create_connection(kept.getsockname()) as client, passing([client], "connection") as passed:
        with storescpd(
            tmp_path / "out", NAME_ONLY, wait=False, prefix=passed.prefix, pass_fds=passed.pass_fds
        ) as daemon:
            assert daemon.wait() == 78
            assert "is a connection" in daemon.log()
            assert "Accept=no" in daemon.log()


def test_those_of_another_process_are_not_ours(kept, tmp_path):
    env = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "dicom"}
    with storescpd(tmp_path / "out", env=env) as daemon:
        assert daemon.port != kept.getsockname()[1]
        assert echoes(daemon.port)
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
