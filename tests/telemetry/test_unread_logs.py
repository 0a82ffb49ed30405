"""A log that nobody reads stops nobody: what finds no room is dropped and counted, never waited for."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tomli_w

from storescpd.telemetry import allowance
from storescpd.telemetry.allowance import ROWS, Allowance
from storescpd.telemetry.log_queue import LONGEST, LogQueue, Records, decoded, encoded, made
from tests.support.build import PATH
from tests.support.daemon import Daemon, settings, storescpd
from tests.support.mounts import freezable, frozen
from tests.support.processes import alive, children, end, eventually, free_port, group
from tests.support.reference import listening
from tests.support.scenes import ECHO, SUCCESS, associate, small, store
from tests.support.tools import needs_root

PIPE = 1 << 16


@contextmanager
def unread(directory: Path, level: str) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    """A daemon whose standard error is a pipe that nobody reads, its port, and the reading end."""
    port = free_port()
    directory.mkdir()
    said = {"listeners": [{"address": "127.0.0.1", "port": port}], "logging": {"level": level}}
    file = directory.with_suffix(".toml")
    file.write_text(tomli_w.dumps(settings(directory, said, 2)))
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "storescpd", "--config", str(file)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer, process_group=0,
        env={**os.environ, "PYTHONPATH": PATH},
    )  # fmt: skip
    os.close(writer)
    try:
        eventually(lambda: any(listening(port, pid) for pid in children(process.pid)))
        yield process, port, reader
    finally:
        process.kill()
        process.wait()
        os.close(reader)


def talk(port: int, echoes: int) -> None:
    with associate(port) as association:
        for _ in range(echoes):
            assert association.echo(ECHO) == SUCCESS
        association.release()


def test_a_full_pipe_stops_nothing_and_what_is_dropped_is_counted(tmp_path):
    """More than pipe and queue hold together; then somebody reads again."""
    template = small()
    with unread(tmp_path / "out", "debug") as (process, port, reader):
        talk(port, 6500)
        with associate(port) as association:
            assert store(association, template, 1) == SUCCESS
            association.release()
        assert (tmp_path / "out" / f"CT.{template.instance(1)}").exists()
        log = b""
        while b"log lines dropped" not in log:
            log += os.read(reader, PIPE)
        [count] = re.findall(rb"log lines dropped count=(\d+)", log)
        assert int(count) > 0
        # Lines that are cut, or none of a whole record, would not begin like this.
        assert all(re.match(rb"\d{4}-\d\d-\d\dT\S+ \w+\[\d+\] ", line) for line in log.splitlines()[:-1])
        talk(port, 1)
        while log.count(b"association ended") == log.partition(b"log lines dropped")[0].count(b"association ended"):
            log += os.read(reader, PIPE)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_full_pipe_does_not_keep_the_daemon_from_ending(tmp_path):
    with unread(tmp_path / "out", "trace") as (process, port, _):
        talk(port, 500)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        eventually(lambda: not group(process.pid))


@needs_root
@pytest.mark.root
def test_a_disk_that_hangs_under_the_log_stops_nothing(tmp_path):
    template = small()
    with freezable(tmp_path / "logs") as folder:
        log = folder / "log"
        with storescpd(tmp_path / "out", {"logging": {"destination": str(log)}}, wait=False) as daemon:
            eventually(lambda: log.exists() and "serving" in log.read_text())
            port = int(re.search(r"127\.0\.0\.1:(\d+)", log.read_text())[1])
            with frozen(folder):
                with associate(port) as association:
                    assert [store(association, template, number) for number in range(1, 20)] == [SUCCESS] * 19
                    association.release()
                daemon.signal(signal.SIGTERM)
                assert daemon.wait() == 0
                assert len(daemon.stored()) == 19


def writer_of(daemon: Daemon) -> int:
    """The process that writes the log: of the daemon, but no child of its supervisor."""
    [found] = set(daemon.members()) - {daemon.pid, *daemon.worker_pids()}
    return found


def test_who_writes_the_log_is_replaced(tmp_path):
    """Nothing is lost: what comes meanwhile waits."""
    with storescpd(tmp_path / "out", {"logging": {"level": "debug"}}, workers=2) as daemon:
        first = eventually(lambda: writer_of(daemon))
        end(first)
        talk(daemon.port, 50)
        eventually(lambda: daemon.log().count("echo answered") == 50 and "association ended" in daemon.log())
        assert writer_of(daemon) != first
        assert daemon.terminate() == 0
        assert daemon.log().rstrip().endswith("stopped")
        eventually(lambda: not daemon.members())


def test_nobody_but_the_writer_holds_the_log(tmp_path):
    """A log that was rotated away and removed is to take no room on the disk."""
    log = tmp_path / "log"
    with storescpd(tmp_path / "out", {"logging": {"destination": str(log)}}, wait=False) as daemon:
        eventually(lambda: log.exists() and "serving" in log.read_text())
        port = int(re.search(r"127\.0\.0\.1:(\d+)", log.read_text())[1])
        log.rename(tmp_path / "old")
        talk(port, 1)
        eventually(lambda: log.exists() and "association ended" in log.read_text())
        assert not [pid for pid in daemon.members() if str(tmp_path / "old") in opened_by(pid)]
        end(writer_of(daemon))
        talk(port, 1)
        eventually(lambda: log.read_text().count("association ended") == 2)


def opened_by(pid: int) -> set[str]:
    folder = Path(f"/proc/{pid}/fd")
    return {os.readlink(one) for one in folder.iterdir() if one.is_symlink()}


def test_the_last_words_are_there_whoever_is_killed(tmp_path):
    with storescpd(tmp_path / "out") as daemon:
        writer = writer_of(daemon)
        [worker] = daemon.worker_pids()
        talk(daemon.port, 3)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            end(writer, number)
        end(worker)
        eventually(lambda: daemon.log().count("echo answered") == 3 and "worker died" in daemon.log())
        talk(daemon.port, 1)
        assert writer_of(daemon) == writer
        daemon.kill()
        eventually(lambda: not alive(writer))
        assert "supervisor is gone" in daemon.log()


def test_the_command_loses_nothing_while_somebody_reads_slowly(tmp_path):
    """More than the queue holds, read in small pieces: every line, in its order, and the dots of progress."""
    port, echoes = free_port(), 4000
    process = subprocess.Popen(
        [sys.executable, "-m", "storescpd.cli.storescp", "-d", "-od", str(tmp_path), str(port)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": PATH},
    )  # fmt: skip
    pieces: list[bytes] = []

    def read() -> None:
        while piece := os.read(process.stdout.fileno(), 512):
            pieces.append(piece)

    reading = threading.Thread(target=read)
    reading.start()
    try:
        eventually(lambda: any(listening(port, pid) for pid in children(process.pid)))
        with associate(port) as association:
            for number in range(1, echoes + 1):
                assert association.echo(ECHO, number) == SUCCESS
            association.release()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        reading.join(60)
    log = b"".join(pieces)
    assert len(log) > 1 << 20
    told = re.findall(rb"D: Message ID +: (\d+)\n", log)
    assert [int(number) for number in told] == list(range(1, echoes + 1))
    assert b"dropped" not in log


def test_records_come_out_as_they_went_in():
    """Long ones in pieces, of several senders at once, and none of a sender that was killed half-way."""
    queue, records = LogQueue(), Records()
    try:
        long = made(logging.ERROR, "long", {"stacks": "x\n\u20ac" * 3000}, exc_text="Traceback\nof it")
        for text in ("first", "second"):
            queue.put(encoded(1, made(logging.INFO, text, {"count": 3, "peer": "\ud800\x85"})))
        queue.put(encoded(0, long))
        queue.put(encoded(0, made(logging.INFO, "longest", {"stacks": "x" * LONGEST})))
        os.write(queue._writer, b"+77 [1, 2\n.77 \n")
        queue.put(encoded(0, made(logging.INFO, "last", {})))
        queue.leave()
        found = []
        while piece := os.read(queue.reader, 777):
            found += list(records.take(piece))
        (_, first), (channel, _), (_, read) = [decoded(data) for data in found[:3]]
        assert (first.getMessage(), first.fields, channel) == ("first", {"count": 3, "peer": "\ud800\x85"}, 1)
        assert (read.fields, read.exc_text) == (long.fields, long.exc_text)
        assert re.fullmatch("x{1000,}", decoded(found[3])[1].fields["stacks"])
        with pytest.raises(ValueError, match="Expecting"):
            decoded(found[4])
        assert decoded(found[5])[1].getMessage() == "last"
    finally:
        queue.close()


def warning(peer: str) -> logging.LogRecord:
    return made(logging.WARNING, "text", {"peer": peer})


@pytest.fixture
def minute(monkeypatch):
    """A clock that the test sets, in minutes."""
    now = [7.0]
    monkeypatch.setattr(allowance.time, "monotonic", lambda: now[0] * 60)
    return now


def test_beyond_its_lines_a_peer_is_counted(minute, caplog):
    allowed = Allowance()
    allowed.limit = 3
    assert [allowed.filter(warning(f"10.0.0.1:{port}")) for port in range(5)] == [True] * 3 + [False] * 2
    assert allowed.filter(warning("[2001:db8::1]:4711"))
    assert allowed.filter(warning("10.0.0.2"))
    assert allowed.filter(made(logging.INFO, "text", {"peer": "10.0.0.1:1"}))
    assert allowed.filter(made(logging.ERROR, "text", {}))
    allowed.tell()
    assert caplog.records == []
    minute[0] = 8.5
    allowed.tell()
    [told] = caplog.records
    assert (told.fields["address"], told.fields["count"]) == ("10.0.0.1", 2)
    assert allowed.filter(warning("10.0.0.1:1"))
    minute[0] = 9.5
    allowed.tell()
    assert len(caplog.records) == 1


def test_addresses_without_end_take_no_more_memory_and_are_still_counted(minute, caplog):
    allowed = Allowance()
    allowed.limit = 1
    left_out = 0
    for number in range(ROWS + 2000):
        peer = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}:1"
        left_out += [allowed.filter(warning(peer)), allowed.filter(warning(peer))].count(False)
    minute[0] = 8.5
    allowed.tell()
    assert sum(record.fields["count"] for record in caplog.records) == left_out == ROWS + 2000
    assert len(caplog.records) < 30


def test_lines_per_peer_is_one_limit_for_all_workers(tmp_path):
    settings_of_log = {"logging": {"lines_per_peer": 4}}
    with storescpd(tmp_path / "out", settings_of_log, workers=2) as daemon:
        rejected = {"contexts": [(1, "1.2.3.4", ["1.2.840.10008.1.2"])], "calling": "HOSTILE"}
        for _ in range(8):
            with associate(daemon.port, source="127.0.0.2", **rejected) as association:
                association.abort()
        with associate(daemon.port, source="127.0.0.3", **rejected) as association:
            association.release()
        eventually(lambda: "127.0.0.3" in daemon.log() and "association ended" in daemon.log())
        lines = [line for line in daemon.log().splitlines() if " warning[" in line and "peer=127.0.0.2" in line]
        assert len(lines) == 4
        assert any("peer=127.0.0.3" in line for line in daemon.log().splitlines() if " warning[" in line)
