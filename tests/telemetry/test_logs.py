"""What peers can do to the log, and what happens to the daemon when the log fails."""

import io
import json
import logging
import os
import re
import shlex
import socket
import sys
from contextlib import contextmanager

import pytest

from storescpd.telemetry import handlers
from storescpd.telemetry.events import log_event
from storescpd.telemetry.files import FileHandler, SyslogHandler
from storescpd.telemetry.formats import JsonFormatter, TextFormatter
from storescpd.telemetry.handlers import JournalHandler
from storescpd.telemetry.lone_log import LoneLog
from tests.supervisor.steering import reload
from tests.support.daemon import storescpd
from tests.support.mounts import tmpfs
from tests.support.processes import eventually
from tests.support.rawclient import RawAssociation
from tests.support.scenes import SUCCESS, associate, small, store
from tests.support.tools import needs_root

HOSTILE = [
    "PLAIN", "two words", 'quo"te', "back\\slash", "x called=ADMIN", "x\n2026-01-01T00:00:00.000+00:00 info[1] stopped",
    "\x1b[31mred", "nul\0", "\u2028line", "\xe9\xfc", "", "=", "a=b", "\x85", "\x7f", "\r", "\t", "'", "\ud800", "%s",
    "{}", "\N{PILE OF POO}",
]  # fmt: skip


@contextmanager
def logger_with(handler: logging.Handler):
    """A logger of its own with one handler."""
    logger = logging.Logger("test")  # noqa: LOG001 - one that nobody else has
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        handler.close()


def logged(formatter: logging.Formatter, **fields: object) -> str:
    """What stands in the log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    with logger_with(handler) as logger:
        log_event(logger, logging.WARNING, "object stored", **fields)
    return stream.getvalue()


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_value_stays_one_value_of_one_line_of_text(value):
    line = logged(TextFormatter(), first=value, second="LAST")
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert line.isascii()
    head, _, rest = line.partition(" object stored ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d warning\[\d+\]", head)
    found = re.fullmatch(r'first=("(?:[^"\\]|\\.)*"|[^ "]+) second=LAST\n', rest)
    assert found
    assert (json.loads(found[1]) if found[1].startswith('"') else found[1]) == value


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_value_stays_one_value_of_one_line_of_json(value):
    line = logged(JsonFormatter(), first=value, second="LAST")
    assert line.count("\n") == 1
    found = json.loads(line)
    assert set(found) == {"time", "level", "pid", "message", "first", "second"}
    assert (found["level"], found["message"], found["first"], found["second"]) == (
        "warning", "object stored", value, "LAST"
    )  # fmt: skip


def decoded(datagram: bytes) -> dict[str, bytes]:
    """The journal's native protocol as systemd documents it (JOURNAL_NATIVE_PROTOCOL)."""
    found: dict[str, bytes] = {}
    position = 0
    while position < len(datagram):
        end = datagram.index(b"\n", position)
        line, position = datagram[position:end], end + 1
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(datagram[position : position + 8], "little")
            value = datagram[position + 8 : position + 8 + size]
            assert datagram[position + 8 + size : position + 9 + size] == b"\n"
            position += 9 + size
        assert re.fullmatch(rb"[A-Z][A-Z0-9_]{0,63}", name), name
        assert name.decode() not in found
        found[name.decode()] = value
    return found


@pytest.fixture
def journal(tmp_path):
    """A socket such as journald's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "journal"))
        server.settimeout(60)
        yield server


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_value_stays_one_field_of_the_journal(value, journal, tmp_path):
    with logger_with(JournalHandler(str(tmp_path / "journal"))) as logger:
        log_event(logger, logging.ERROR, "object refused", calling=value, peer="10.0.0.1:4711", other=value)
    found = decoded(journal.recv(65536))
    expected = value.encode("utf-8", "backslashreplace")
    assert found["DICOM_CALLING_AE"] == found["STORESCPD_OTHER"] == expected
    assert (found["PRIORITY"], found["DICOM_PEER"]) == (b"3", b"10.0.0.1:4711")
    assert found["SYSLOG_IDENTIFIER"] == b"storescpd"
    assert found["MESSAGE"].startswith(b"object refused ")
    assert b"\n" not in found["MESSAGE"]


PRIORITIES = {
    logging.CRITICAL: b"2",
    logging.ERROR: b"3",
    logging.WARNING: b"4",
    logging.INFO: b"6",
    logging.DEBUG: b"7",
}


@pytest.mark.parametrize("level", PRIORITIES)
def test_priorities_are_syslogs(level, journal, tmp_path):
    with logger_with(JournalHandler(str(tmp_path / "journal"))) as logger:
        log_event(logger, level, "message")
    assert decoded(journal.recv(65536))["PRIORITY"] == PRIORITIES[level]


def test_a_traceback_is_in_the_journal_in_one_line(journal, tmp_path):
    with logger_with(JournalHandler(str(tmp_path / "journal"))) as logger:
        try:
            int("first\nsecond")
        except ValueError:
            logger.exception("a defect")
    message = decoded(journal.recv(65536))["MESSAGE"]
    assert b"ValueError: invalid literal" in message
    assert b"a defect" in message


def test_without_the_journal_a_line_goes_to_stderr(tmp_path, capsys):
    with logger_with(JournalHandler(str(tmp_path / "nobody"))) as logger:
        log_event(logger, logging.ERROR, "lost", calling="x y")
    assert ' lost calling="x y"\n' in capsys.readouterr().err


def test_without_syslog_a_line_goes_to_stderr(tmp_path, capsys):
    """And to syslog once it listens."""
    path = str(tmp_path / "log")
    with logger_with(SyslogHandler(path)) as logger, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        log_event(logger, logging.ERROR, "early", calling="x y")
        assert ' early calling="x y"\n' in capsys.readouterr().err
        server.bind(path)
        server.settimeout(60)
        log_event(logger, logging.ERROR, "later")
        # Facility 3 (daemon) and severity 3 (error) of RFC 5424.
        assert server.recv(1000).startswith(b"<27>storescpd: ")
        assert capsys.readouterr().err == ""
        server.close()
        log_event(logger, logging.ERROR, "last")
        assert capsys.readouterr().err.endswith(" last\n")


def test_titles_of_a_peer_in_the_log_of_the_daemon(tmp_path):
    titles = [b"x called=ADMIN  ", b'"quoted"\\       ', b"\x1b[31mred\x07     ", b"new\nline        "]
    with storescpd(tmp_path / "out") as daemon:
        for title in titles:
            with RawAssociation(daemon.port, calling=title) as association:
                association.release()
        eventually(lambda: daemon.log().count("association ended") == len(titles))
        lines = [line for line in daemon.log().splitlines() if "association ended" in line]
        assert len(lines) == len(titles)
        found = []
        for line in lines:
            assert line.isprintable()
            fields = dict(word.partition("=")[::2] for word in shlex.split(line) if "=" in word)
            assert fields["called"] == "ANY-SCP"
            quoted = re.search(r'calling=("(?:[^"\\]|\\.)*")', line)
            assert quoted
            found.append(json.loads(quoted[1]).encode("latin-1").strip())
        assert sorted(found) == sorted(title.strip() for title in titles)


def test_json_of_the_daemon(tmp_path):
    template = small()
    with storescpd(
        tmp_path / "out", {"logging": {"format": "json", "destination": str(tmp_path / "log")}}, wait=False
    ) as daemon:
        eventually(lambda: (tmp_path / "log").exists() and "serving" in (tmp_path / "log").read_text())
        port = int(re.search(r"127\.0\.0\.1:(\d+)", (tmp_path / "log").read_text())[1])
        with associate(port) as association:
            assert store(association, template, 1) == SUCCESS
            association.release()
        eventually(lambda: "association ended" in (tmp_path / "log").read_text())
        entries = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        [entry] = [entry for entry in entries if entry["message"] == "object stored"]
        assert entry["instance"] == template.instance(1)
        assert entry["path"] == str(daemon.directory / f"CT.{template.instance(1)}")
        assert entry["status"] == "0000"
        assert int(entry["bytes"]) == len(template.bytes(1))


def test_a_log_that_was_moved_away_is_opened_anew(tmp_path):
    template, log = small(), tmp_path / "log"
    with storescpd(tmp_path / "out", {"logging": {"destination": str(log)}}, workers=2, wait=False) as daemon:
        eventually(lambda: log.exists() and "serving" in log.read_text())
        port = int(re.search(r"127\.0\.0\.1:(\d+)", log.read_text())[1])
        with associate(port) as old:
            assert store(old, template, 1) == SUCCESS
            eventually(lambda: template.instance(1) in log.read_text())
            log.rename(tmp_path / "log.1")
            assert store(old, template, 2) == SUCCESS
            eventually(lambda: log.exists() and template.instance(2) in log.read_text())
            log.rename(tmp_path / "log.2")
            reload(DaemonWithLog(daemon, log))
            assert store(old, template, 3) == SUCCESS
            with associate(port) as new:
                assert store(new, template, 4) == SUCCESS
            eventually(lambda: all(template.instance(number) in log.read_text() for number in (3, 4)))
        assert template.instance(1) in (tmp_path / "log.1").read_text()
        assert template.instance(2) not in (tmp_path / "log.1").read_text()


class DaemonWithLog:
    """A daemon whose log is in a file of its own."""

    def __init__(self, daemon, path) -> None:
        self._daemon, self._path = daemon, path

    def signal(self, number: int) -> None:
        self._daemon.signal(number)

    def log(self) -> str:
        return self._path.read_text() if self._path.exists() else ""


def test_a_log_that_cannot_be_opened_any_more_costs_no_association(tmp_path):
    """Its directory is gone; lines go to stderr, and to the file as soon as there can be one."""
    template, folder = small(), tmp_path / "logs"
    folder.mkdir()
    log = folder / "log"
    with storescpd(tmp_path / "out", {"logging": {"destination": str(log)}}, wait=False) as daemon:
        eventually(lambda: log.exists() and "serving" in log.read_text())
        port = int(re.search(r"127\.0\.0\.1:(\d+)", log.read_text())[1])
        with associate(port) as association:
            folder.rename(tmp_path / "moved")
            assert [store(association, template, number) for number in (1, 2)] == [SUCCESS] * 2
            eventually(lambda: template.instance(2) in daemon.log())
            [worker] = daemon.worker_pids()
            (tmp_path / "moved").rename(folder)
            log.unlink()
            assert [store(association, template, number) for number in (3, 4)] == [SUCCESS] * 2
            eventually(lambda: log.exists() and template.instance(4) in log.read_text())
            association.release()
        assert daemon.worker_pids() == [worker]
        assert daemon.terminate() == 0


@needs_root
@pytest.mark.root
def test_a_full_disk_for_the_log_costs_no_association(tmp_path):
    template = small()
    with tmpfs(tmp_path / "logs", "size=64k") as folder:
        log = folder / "log"
        with storescpd(tmp_path / "out", {"logging": {"destination": str(log)}}, wait=False) as daemon:
            eventually(lambda: log.exists() and "serving" in log.read_text())
            port = int(re.search(r"127\.0\.0\.1:(\d+)", log.read_text())[1])
            filler = folder / "filler"
            with associate(port) as association:
                with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
                    fill(file)
                # The last page of the log may have room yet.
                for number in range(1, 40):
                    assert store(association, template, number) == SUCCESS
                eventually(lambda: template.instance(39) in daemon.log())
                filler.unlink()
                assert store(association, template, 41) == SUCCESS
                eventually(lambda: template.instance(41) in log.read_text())
                association.release()
            assert daemon.terminate() == 0


def fill(file) -> None:
    while True:
        file.write(bytes(4096))


def test_a_destination_that_cannot_be_written_leaves_the_log_as_it_was(tmp_path):
    root = logging.getLogger("storescpd")
    before = root.handlers[:], root.level, root.propagate
    log = LoneLog()
    try:
        log.configure("info", str(tmp_path / "log"), "text")
        working = root.handlers[:]
        with pytest.raises(OSError):
            log.configure("debug", str(tmp_path / "nowhere" / "log"), "json")
        assert root.handlers == working
        assert root.level == logging.INFO
        log_event(root, logging.INFO, "still here")
        log.end()
        assert "still here" in (tmp_path / "log").read_text()
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers[:], root.level, root.propagate = before


def test_many_reopened_logs_leak_nothing(tmp_path):
    path = tmp_path / "log"
    handler = FileHandler(str(path))
    handler.setFormatter(TextFormatter())
    with logger_with(handler) as logger:
        before = os.listdir("/proc/self/fd")
        for number in range(20):
            log_event(logger, logging.INFO, "line", number=number)
            path.unlink()
        log_event(logger, logging.INFO, "line", number="last")
        assert len(os.listdir("/proc/self/fd")) == len(before)
    assert "number=last" in path.read_text()


def test_under_the_journal_is_told_by_its_stream(monkeypatch, tmp_path):
    with (tmp_path / "stderr").open("w") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        assert handlers.under_journal()
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino + 1}")
        assert not handlers.under_journal()
        monkeypatch.delenv("JOURNAL_STREAM")
        assert not handlers.under_journal()
