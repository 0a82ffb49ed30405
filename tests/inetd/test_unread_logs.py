"""A log that nobody reads stops no object and no SIGTERM; what is dropped is counted and told."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.inetd.scenes import configured, drop_in, ours
from tests.support.build import PATH
from tests.support.daemon import storescpd
from tests.support.mounts import freezable, frozen
from tests.support.processes import eventually, free_port
from tests.support.rawclient import RawAssociation
from tests.support.reference import listening
from tests.support.scenes import ECHO, SUCCESS, associate, file_of, small, store
from tests.support.tools import needs_root
from tests.support.unread import Unread, journal, journald, pipe, syslog, syslog_stream

ROOTS = [pytest.param(one, id=one.__name__, marks=[pytest.mark.root, needs_root]) for one in
         (journal, journald, syslog, syslog_stream)]  # fmt: skip
MANY = 6500
"""Echoes whose lines fill the queue and what lies behind it, at debug."""
SOME = 1500
"""Echoes whose lines fill what lies behind the queue, so that whoever writes them waits."""
DROPPED = re.compile(rb"log lines dropped count=(\d+)")
ENDED = b"association ended"


@contextmanager
def served(
    command: Sequence[str], stderr: int | None = None
) -> Iterator[tuple[RawAssociation, subprocess.Popen[bytes]]]:
    """An association with a process that has its connection from inetd."""
    started: list[subprocess.Popen[bytes]] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                errors = connection.fileno() if stderr is None else stderr
                started.append(
                    subprocess.Popen(
                        command, stdin=connection, stdout=connection, stderr=errors,
                        env={**os.environ, "PYTHONPATH": PATH},
                    )
                )  # fmt: skip

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            with associate(server.getsockname()[1]) as association:
                thread.join()
                yield association, started[0]
        finally:
            thread.join()
            for process in started:
                process.kill()
                process.wait()


def echo(association: RawAssociation, count: int) -> None:
    for _ in range(count):
        assert association.echo(ECHO) == SUCCESS


def read_until_dropped(unread: Unread) -> bytes:
    log = b""
    while not DROPPED.search(log):
        log += unread.read() + b"\n"
    return log


@pytest.mark.parametrize("reader", [pipe, *ROOTS])
def test_objects_go_on_and_a_reader_who_comes_back_hears_what_is_missing(reader, tmp_path):
    template = small()
    with reader(tmp_path / "u") as unread:
        config = configured(tmp_path, {"logging": {"destination": unread.destination, "level": "debug"}})
        with served([*unread.prefix, *ours(config)], unread.stderr) as (association, process):
            echo(association, MANY)
            assert store(association, template, 1) == SUCCESS
            assert file_of(tmp_path / "out", template, 1).exists()
            log = read_until_dropped(unread)
            assert int(DROPPED.search(log)[1]) > 0
            association.release()
            while ENDED not in log:
                log += unread.read() + b"\n"
            assert process.wait(60) == 0


@pytest.mark.parametrize("reader", [pipe, *ROOTS])
def test_sigterm_ends_it(reader, tmp_path):
    """Its association is open, and nobody will ever read."""
    with reader(tmp_path / "u") as unread:
        said = {"process": {"drain_timeout": 1}, "logging": {"destination": unread.destination, "level": "debug"}}
        command = [*unread.prefix, *ours(configured(tmp_path, said))]
        with served(command, unread.stderr) as (association, process):
            echo(association, SOME)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def test_the_command_is_as_patient_and_no_more(tmp_path):
    """storescp waits for its reader for ever; here lines that nobody reads are lost, and the object is not."""
    template = small()
    with pipe(tmp_path) as unread, served(drop_in(tmp_path / "out", "-d"), unread.stderr) as (association, process):
        echo(association, 2500)
        assert store(association, template, 1) == SUCCESS
        assert DROPPED.search(read_until_dropped(unread))
        echo(association, SOME)
        association.release()
        assert process.wait(60) == 0


def test_the_command_loses_nothing_while_somebody_reads(tmp_path):
    """More than the queue holds: every line, in its order."""
    echoes, pieces = 4000, []
    with pipe(tmp_path) as unread:

        def read() -> None:
            while b"Association Release" not in b"".join(pieces[-2:]):
                pieces.append(os.read(unread_fd, 512))

        unread_fd = os.dup(unread.reader)
        reading = threading.Thread(target=read)
        reading.start()
        with served(drop_in(tmp_path / "out", "-d"), unread.stderr) as (association, process):
            for number in range(1, echoes + 1):
                assert association.echo(ECHO, number) == SUCCESS
            association.release()
            assert process.wait(60) == 0
        reading.join(60)
        os.close(unread_fd)
    log = b"".join(pieces)
    assert [int(one) for one in re.findall(rb"D: Message ID +: (\d+)\n", log)] == list(range(1, echoes + 1))
    assert not DROPPED.search(log)


@needs_root
@pytest.mark.root
def test_a_disk_that_hangs_under_the_log(tmp_path):
    """Before the process begins, too: it could not even open its log."""
    template = small()
    with freezable(tmp_path / "logs") as folder:
        said = {"process": {"drain_timeout": 1}, "logging": {"destination": str(folder / "log")}}
        command = ours(configured(tmp_path, said))
        with served(command) as (association, process):
            assert store(association, template, 1) == SUCCESS
            with frozen(folder):
                assert [store(association, template, number) for number in range(2, 20)] == [SUCCESS] * 18
                with served(command) as (second, late):
                    assert store(second, template, 20) == SUCCESS
                    second.release()
                    assert late.wait(60) == 0
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0
        assert len(list((tmp_path / "out").glob("CT.*"))) == 20


@pytest.mark.parametrize("reader", ROOTS[1:])
def test_a_daemon_whose_journal_or_syslog_hangs(reader, tmp_path):
    template = small()
    with reader(tmp_path / "u") as unread:
        port = free_port()
        config = {
            "process": {"drain_timeout": 1},
            "logging": {"destination": unread.destination, "level": "debug"},
            "listeners": [{"address": "127.0.0.1", "port": port}],
        }
        with storescpd(tmp_path / "out", config, prefix=unread.prefix, wait=False) as daemon:
            eventually(lambda: any(listening(port, pid) for pid in daemon.worker_pids()))
            with associate(port) as association:
                echo(association, MANY)
                assert store(association, template, 1) == SUCCESS
                read_until_dropped(unread)
                echo(association, SOME)
                assert store(association, template, 2) == SUCCESS
                daemon.signal(signal.SIGTERM)
                assert daemon.wait() == 0
            assert len(daemon.stored()) == 2
